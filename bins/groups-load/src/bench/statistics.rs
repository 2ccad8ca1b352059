//! Minimum, median and maximum of a few measured numbers.

use serde::Serialize;

/// The spread of some numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Range {
    pub(super) min: f64,
    pub(super) median: f64,
    pub(super) max: f64,
}

impl Range {
    /// `None` if there are no numbers. The median of an even count is the mean of the middle two.
    pub(super) fn of(numbers: &[f64]) -> Option<Self> {
        let mut sorted = numbers.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let (lower, upper) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Some(Self { min, median: f64::midpoint(lower, upper), max })
    }
}

#[cfg(test)]
mod tests {
    use super::Range;

    #[test]
    fn the_median_is_in_the_middle_whatever_the_order() {
        assert_eq!(Range::of(&[3.0, 1.0, 2.0]), Some(Range { min: 1.0, median: 2.0, max: 3.0 }));
        assert_eq!(Range::of(&[4.0, 1.0, 2.0, 3.0]), Some(Range { min: 1.0, median: 2.5, max: 4.0 }));
        assert_eq!(Range::of(&[]), None);
    }
}
