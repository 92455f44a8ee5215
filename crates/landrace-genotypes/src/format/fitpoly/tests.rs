use proptest::prelude::*;

use crate::format::shown::{error, show};

const SCORES: &str = "marker\tMarkerName\tSampleName\tratio\tP0\tP1\tP2\tP3\tP4\tmaxgeno\tmaxP\tgeno\n\
    1\tm1\ts 1\t0.5\t0\t0\t1\t0\t0\t2\t1\t2\n1\tm1\ts2\t0.9\t0\t0\t0\t0\t1\t4\t1\t4\n\
    2\tm2\ts 1\tNA\tNA\tNA\tNA\tNA\tNA\tNA\tNA\tNA\n2\tm2\ts2\t0\t1\t0\t0\t0\t0\t0\t1\t0\n";

#[test]
fn dosages_are_read_at_the_ploidy_of_the_columns() {
    let shown = show(SCORES, None).unwrap();
    assert_eq!(shown.rows, ["0:0 m1 N><ALT> 24", "0:0 m2 N><ALT> .0"]);
    assert!(shown.note().contains("dosages of the column geno at ploidy 4"), "{}", shown.note());
}

#[test]
fn the_likeliest_mistakes_are_named() {
    let beyond = SCORES.replace("4\t1\t4\n", "4\t1\t5\n");
    assert!(
        error(beyond).contains("t.txt: line 3: column 12: cannot read the dosage '5'; write 0 to 4, or NA")
    );
    let twice = SCORES.to_owned() + "1\tm1\ts2\t0.9\t0\t0\t0\t0\t1\t4\t1\t3\n";
    assert!(error(twice).contains("line 6: sample 's2' has marker 'm1' twice"));
    let bare = "MarkerName\tSampleName\tgeno\nm\ts\t2\n";
    assert!(
        error(bare)
            .contains("line 1: has no columns of probabilities that tell the ploidy; give it with --ploidy")
    );
}

proptest! {
    #[test]
    fn any_bytes_end_with_a_value_or_an_error(tail in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..300) {
        let _ = show([&SCORES.as_bytes()[..cut.min(SCORES.len())], &tail].concat(), None);
    }
}
