//! One self-contained HTML page drawn from what commands said of their work.
//!
//! It knows the kinds of charts and no command: each table is drawn as its summary asks. Summaries of one
//! command (one a sample, one a region) become one chapter. The page holds no date, host or path, loads
//! nothing and runs no script.

mod bar;
mod barcode;
mod certificate;
mod chart;
mod contigs;
mod find;
mod gather;
mod heatmap;
mod histogram;
mod line;
mod manhattan;
mod map;
mod page;
mod scatter;
mod stacked_bar;
mod svg;
mod table;
mod text;
mod tree;

pub(crate) use find::{Found, summaries};

/// The page, and what is in it.
pub(crate) struct Report {
    /// HTML.
    pub(crate) html: String,
    /// Chapters, one a command.
    pub(crate) chapters: usize,
    /// Pictures drawn.
    pub(crate) pictures: usize,
}

/// Draws a page with this title. `commands` gives the order of the chapters and a line on each command.
pub(crate) fn draw(title: &str, found: &[Found], commands: &[(String, String)]) -> Report {
    let chapters = gather::chapters(found, commands);
    let (html, pictures) = page::html(title, &chapters, commands);
    Report { html, chapters: chapters.len(), pictures }
}

#[cfg(test)]
mod tests;
