use std::io::Write as _;

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn put(path: &Path, bytes: &[u8]) {
    let mut output = create(path).unwrap();
    output.write_all(bytes).unwrap();
    output.finish().unwrap();
}

#[test]
fn reads_plain_gzip_and_zstd_by_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let two_members = [gzip(b"ab"), gzip(b"c")].concat();
    for bytes in [b"abc".to_vec(), two_members, zstd::encode_all(&b"abc"[..], 1).unwrap()] {
        put(&path, &bytes);
        let mut input = open(&path).unwrap();
        let mut text = String::new();
        input.read_to_string(&mut text).unwrap();
        assert_eq!(text, "abc");
        assert_eq!(input.meter().digest(), digest(&path).unwrap().0);
    }
}

#[test]
fn an_empty_file_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    put(&path, b"");
    assert_eq!(read_text(&path).unwrap(), "");
}

#[test]
fn a_cut_gzip_names_the_file_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.gz");
    let whole = gzip(&vec![b'a'; 100_000]);
    put(&path, &whole[..whole.len() - 9]);
    let error = io::copy(&mut open(&path).unwrap(), &mut io::sink()).unwrap_err().to_string();
    assert!(error.contains("cut.gz: the compressed data is cut short"), "{error}");
}

#[test]
fn an_unfinished_file_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let mut output = create(&path).unwrap();
    output.write_all(b"half").unwrap();
    drop(output);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_link_is_followed_and_a_device_written_through() {
    let folder = tempfile::tempdir().unwrap();
    let (target, link) = (folder.path().join("target"), folder.path().join("link"));
    put(&target, b"old");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    put(&link, b"new");
    assert_eq!(read_text(&target).unwrap(), "new");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    put(Path::new("/dev/null"), b"x");
}

#[test]
fn a_missing_folder_is_named() {
    let error = create("/no/such/folder/x").err().unwrap().to_string();
    assert!(error.contains("the folder /no/such/folder is not there"), "{error}");
}

#[test]
fn a_folder_takes_its_name_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.zarr");
    for content in ["one", "two"] {
        let output = create_folder(&path, "mark").unwrap();
        output.write_inside("mark", b"").unwrap();
        output.write_inside("a/b", content.as_bytes()).unwrap();
        assert_eq!(output.read_inside("a/b").unwrap(), content.as_bytes());
        publish(vec![output]).unwrap();
        assert_eq!(read_text(path.join("a/b")).unwrap(), content);
    }
    drop(create_folder(&path, "mark").unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let other = create_folder(folder.path(), "mark").err().unwrap().to_string();
    assert!(other.contains("is something else"), "{other}");
}
