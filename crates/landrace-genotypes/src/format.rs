//! The formats: one module each, told apart by content.

pub mod bcf;
pub mod vcf;
