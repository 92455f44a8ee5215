use super::*;

fn matrix(n: usize) -> SampleMatrix {
    let samples = (0..n).map(|index| format!("a b{index}")).collect();
    let values = (0..n * (n + 1) / 2).map(|index| (index as f64).sin()).collect();
    SampleMatrix { samples, values }
}

fn relationship(matrix: SampleMatrix, method: Method) -> Relationship {
    Relationship { method, matrix, counts: Counts::Same(7), details: Vec::new(), account: Account::default() }
}

#[test]
fn every_layout_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut kinship = matrix(5);
    (0..5).for_each(|i| kinship.values[i * (i + 1) / 2 + i] = 0.5);
    let cases = [
        ("m.tsv", Method::VanRaden1, 1e-9),
        ("m.grm.bin", Method::Yang, 1e-7),
        ("m.rel.bin", Method::VanRaden2, 0.0),
        ("m.rel", Method::VanRaden2, 1e-9),
        ("m.king", Method::King, 1e-9),
        ("m.cXX.txt", Method::VanRaden1, 1e-9),
    ];
    for (name, method, tolerance) in cases {
        let path = folder.path().join(name);
        let own = relationship(kinship.clone(), method);
        let files = file::write(&own, None, Layout::of_path(&path), &path).unwrap();
        landrace_genome::file::publish(files).unwrap();
        let back = read(&path).unwrap();
        assert_eq!(back.samples, kinship.samples, "{name}");
        for (a, b) in back.values.iter().zip(&kinship.values) {
            assert!((a - b).abs() <= tolerance, "{name}: {a} {b}");
        }
    }
    assert_eq!(read(&folder.path().join("m")).unwrap().len(), 5);
}

#[test]
fn a_matrix_that_does_not_fit_its_names_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.tsv");
    let write = |text: &str| {
        use std::io::Write;
        let mut out = landrace_genome::file::create(&path).unwrap();
        out.write_all(text.as_bytes()).unwrap();
        out.finish().unwrap();
        read(&path).unwrap_err().to_string()
    };
    assert!(write("sample\ta\tb\na\t1\t0\n").contains("is not a matrix of its 2 samples"));
    assert!(write("sample\ta\tb\nb\t1\t0\na\t0\t1\n").contains("begins with 'b' in place of 'a'"));
    assert!(write("sample\ta\na\tx\n").contains("'x' is not a number"));
}

#[test]
fn the_closest_pairs_come_first() {
    let own = relationship(matrix(6), Method::VanRaden1);
    let closest = own.closest(4);
    let mut all: Vec<f64> =
        (0..6).flat_map(|i| (0..i).map(move |k| (i, k))).map(|(i, k)| own.matrix.get(i, k)).collect();
    all.sort_by(|a, b| b.total_cmp(a));
    assert_eq!(closest.iter().map(|pair| pair.2).collect::<Vec<_>>(), all[..4]);
}

#[test]
fn representatives_put_alike_beside_alike() {
    // Two families in turn.
    let n = 8;
    let samples = (0..n).map(|index: usize| index.to_string()).collect();
    let values = (0..n).flat_map(|i| (0..=i).map(move |k| f64::from(u8::from(i % 2 == k % 2)))).collect();
    let matrix = SampleMatrix { samples, values };
    let order = matrix.representatives(20);
    assert!(order[..4].iter().all(|i| i % 2 == order[0] % 2), "{order:?}");
    assert_eq!(matrix.representatives(2).len(), 2);
}

#[test]
fn too_large_a_matrix_is_refused_with_its_size() {
    let options = Options { memory: Some(1 << 30), ..Options::new(Method::King) };
    let text = check_memory(50_000, &options).unwrap_err().to_string();
    assert!(
        text.contains("50000 samples by king take 46.8 GiB of memory, and 1.0 GiB are allowed"),
        "{text}"
    );
}
