//! Asking for memory before it is needed: look-ups of one read wait together, not one after another.

/// Brings the cache line of an element near; does nothing beyond the end.
#[inline(always)]
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the prefetch instruction")]
pub(super) fn prefetch<T>(values: &[T], at: usize) {
    if let Some(value) = values.get(at) {
        // SAFETY: the instruction reads nothing, and the address is that of a live element.
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(
                std::ptr::from_ref(value).cast(),
            );
        }
    }
}

/// Other processors fetch when they need.
#[inline(always)]
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn prefetch<T>(_values: &[T], _at: usize) {}
