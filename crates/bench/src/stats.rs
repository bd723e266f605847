//! Medians, percentiles and rates. Nothing here reads a clock.

/// The middle value; of an even number of values, the mean of the two in the middle. `None` for no values.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = sorted[sorted.len() / 2 - 1];
    Some(f64::midpoint(lower, upper))
}

/// The smallest value that at least `percent` of all values do not exceed (nearest rank). `None` for
/// no values.
pub(crate) fn percentile(values: &[f64], percent: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied()
}

/// What happened so far at some time: `(seconds, count)`.
pub(crate) type Sample = (f64, u64);

/// The rate over the middle of a run: between the first samples that reach 20 % and 80 % of `total`,
/// per second. The ends, where queues fill and drain, do not count. `None` when the run was too short
/// to have a middle.
///
/// `samples` are cumulative and in order.
pub(crate) fn middle_rate(samples: &[Sample], total: u64) -> Option<f64> {
    let reaches = |share: u64| {
        samples
            .iter()
            .find(|(_, count)| count * 100 >= total * share)
            .copied()
    };
    let (from, first) = reaches(20)?;
    let (to, last) = reaches(80)?;
    (to > from && last > first).then(|| (last - first) as f64 / (to - from))
}

#[cfg(test)]
mod tests;
