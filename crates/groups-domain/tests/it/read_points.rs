//! Which commits a read has seen.

use groups_domain::ReadPoint;

fn read(below: u64, except: &[u64]) -> ReadPoint {
    ReadPoint { below, except: except.to_vec() }
}

#[test]
fn a_read_sees_the_commits_below_its_end_except_those_in_progress() {
    let seen: Vec<u64> = (0..8).filter(|commit| read(6, &[2, 4]).sees(*commit)).collect();
    assert_eq!(seen, [0, 1, 3, 5]);
    assert!(!ReadPoint::default().sees(0), "a read of an empty log");
}

#[test]
fn a_later_read_has_seen_everything_that_an_earlier_one_has_seen() {
    let reads = [read(3, &[]), read(6, &[3]), read(6, &[]), read(9, &[6, 8]), read(9, &[8])];
    for (number, earlier) in reads.iter().enumerate() {
        for (other, later) in reads.iter().enumerate() {
            assert_eq!(earlier.is_within(later), number <= other, "{earlier:?} {later:?}");
        }
    }
}
