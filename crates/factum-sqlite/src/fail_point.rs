//! Named points where the crash harness kills the process. Nothing at all without the feature.

/// Dies here if the environment says so: `FACTUM_FAIL_POINT=name:n` aborts at the n-th hit.
#[cfg(feature = "fail-points")]
pub(crate) fn hit(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static PLAN: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static HITS: AtomicU64 = AtomicU64::new(0);

    let plan = PLAN.get_or_init(|| {
        let plan = std::env::var("FACTUM_FAIL_POINT").ok()?;
        let (name, count) = plan.split_once(':')?;
        Some((name.to_owned(), count.parse().ok()?))
    });
    if let Some((planned, count)) = plan
        && planned == name
        && HITS.fetch_add(1, Ordering::SeqCst) + 1 == *count
    {
        std::process::abort();
    }
}

/// Does nothing: the feature `fail-points` is off.
#[cfg(not(feature = "fail-points"))]
#[inline]
pub(crate) fn hit(_name: &str) {}
