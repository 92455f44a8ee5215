//! Side-by-side runs live in `peers/`; kernels in `benches/`.
