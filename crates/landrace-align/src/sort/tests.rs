use proptest::prelude::*;

use super::*;

/// A record that holds no more than its place and a serial number as its fragment.
fn push(batch: &mut PackedRecords, fragment: u64, contig: i32, start: i32, length: usize) {
    let offset = batch.bytes.len() as u32;
    batch.bytes.extend_from_slice(&fragment.to_le_bytes());
    batch.bytes.extend_from_slice(&((32 + length) as u32).to_le_bytes());
    let from = batch.bytes.len();
    batch.bytes.extend_from_slice(&contig.to_le_bytes());
    batch.bytes.extend_from_slice(&start.to_le_bytes());
    batch.bytes.resize(from + 32 + length, fragment as u8);
    let place = Place::of(record::entry_at(&batch.bytes, offset as usize));
    batch.entries.push((place.key(), offset));
}

fn sorted(places: &[(i32, i32, usize)], batch_size: usize, memory: usize) -> (Vec<u64>, usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut sorter = RecordSorter::new(memory, folder.path());
    for (number, places) in places.chunks(batch_size).enumerate() {
        let mut batch = PackedRecords::default();
        for (index, &(contig, start, length)) in places.iter().enumerate() {
            push(&mut batch, (number * batch_size + index) as u64, contig, start, length);
        }
        sorter.push(batch).unwrap();
    }
    let runs = sorter.runs.len();
    let mut out = Vec::new();
    let taken = sorter.finish(|entry| {
        out.push(record::fragment_of(entry));
        Ok::<_, FileError>(())
    });
    taken.unwrap();
    (out, runs)
}

proptest! {
    #[test]
    fn the_order_is_stable_whatever_fits_in_memory(
        places in prop::collection::vec((-1i32..3, 0i32..20, 0usize..40), 0..200),
        batch_size in 1usize..50,
    ) {
        let places: Vec<_> =
            places.into_iter().map(|(c, s, l)| if c < 0 { (-1, -1, l) } else { (c, s, l) }).collect();
        let mut expected: Vec<u64> = (0..places.len() as u64).collect();
        expected.sort_by_key(|&index| (places[index as usize].0 as u32, places[index as usize].1));
        let (held, runs) = sorted(&places, batch_size, 1 << 30);
        prop_assert_eq!(runs, 0);
        prop_assert_eq!(&held, &expected);
        let (spilled, runs) = sorted(&places, batch_size, 500);
        prop_assert!(runs > 0 || places.len() < 20);
        prop_assert_eq!(&spilled, &expected);
    }

    #[test]
    fn rows_come_in_order_whatever_fits_in_memory(rows in prop::collection::vec(any::<[u64; 3]>(), 0..300)) {
        let mut expected = rows.clone();
        expected.sort_unstable();
        let folder = tempfile::tempdir().unwrap();
        for memory in [0, 1_000, 1 << 20] {
            let mut sorter = RowSorter::new(memory, folder.path());
            rows.chunks(7).for_each(|rows| sorter.extend(rows).unwrap());
            let sorted = sorter.sorted().unwrap();
            // Twice: the rows may be read again.
            for _ in 0..2 {
                let mut reader = sorted.read().unwrap();
                let mut out = Vec::new();
                while let Some(row) = reader.next().unwrap() {
                    out.push(row);
                }
                prop_assert_eq!(&out, &expected);
            }
        }
    }
}

#[test]
fn blocks_larger_than_usual_are_read_back() {
    let places: Vec<_> = (0..20).map(|index| (0, 20 - index, 100_000)).collect();
    let (out, runs) = sorted(&places, 3, 1_000);
    assert!(runs > 1);
    assert_eq!(out, (0..20).rev().collect::<Vec<u64>>());
}
