//! The page: a glance over all, a chapter a command, and where everything comes from.

use std::collections::BTreeSet;
use std::fmt::Write;

use landrace_genome::summary::{Chart, Table};
use serde_json::Value;

use super::chart;
use super::gather::{Chapter, Count, Figure};
use super::table;
use super::text::{self, escape};

/// Counts shown as tiles above the pictures of a chapter.
const TILES: usize = 8;

/// The page and its number of pictures.
pub(super) fn html(title: &str, chapters: &[Chapter], commands: &[(String, String)]) -> (String, usize) {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>{0}</title>\n<style>\n{1}</style></head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header><h1>{0}</h1>",
        escape(title),
        include_str!("page.css")
    );
    let _ = write!(
        html,
        "<p class=\"versions\">Made by {}</p></header>\n<nav aria-label=\"Chapters\"><ul>",
        versions(chapters)
    );
    for chapter in chapters {
        let command = anchor(chapter.command);
        let _ =
            write!(html, "<li><a href=\"#{command}\">{}</a></li>", escape(&text::heading(chapter.command)));
    }
    html.push_str("<li><a href=\"#provenance\">Provenance</a></li></ul></nav>\n<main id=\"main\">\n");
    write_glance(&mut html, chapters);
    let mut pictures = 0;
    for chapter in chapters {
        let about = commands.iter().find(|(name, _)| name == chapter.command).map_or("", |(_, about)| about);
        pictures += write_chapter(&mut html, chapter, about);
    }
    write_provenance(&mut html, chapters);
    html.push_str("</main>\n</body></html>\n");
    (html, pictures)
}

/// A chapter's id in the page: ids hold no spaces, commands of two words do.
fn anchor(command: &str) -> String {
    escape(&command.replace(' ', "-"))
}

fn versions(chapters: &[Chapter]) -> String {
    let versions: BTreeSet<&str> =
        chapters.iter().flat_map(|c| &c.runs).map(|run| run.summary.version.as_str()).collect();
    let versions: Vec<String> =
        versions.into_iter().map(|version| format!("Landrace {}", escape(version))).collect();
    versions.join(" and ")
}

fn write_chapter(html: &mut String, chapter: &Chapter, about: &str) -> usize {
    let command = anchor(chapter.command);
    let _ = write!(
        html,
        "<section id=\"{command}\" aria-labelledby=\"{command}-h\"><h2 id=\"{command}-h\">{}",
        escape(&text::heading(chapter.command))
    );
    if !about.is_empty() {
        let _ = write!(html, " <small>{}</small>", escape(about));
    }
    html.push_str("</h2>\n");
    write_tiles(html, chapter);
    html.push_str("<div class=\"figures\">\n");
    let mut pictures = 0;
    for (index, figure) in chapter.figures.iter().enumerate() {
        pictures += write_figure(html, figure, &format!("{command}-{index}"));
    }
    html.push_str("</div>\n");
    write_counts(html, chapter);
    html.push_str("</section>\n");
    pictures
}

/// What came out of each command, in a sentence each.
fn write_glance(html: &mut String, chapters: &[Chapter]) {
    html.push_str(
        "<section aria-labelledby=\"glance-h\"><h2 id=\"glance-h\">At a glance</h2><ul class=\"glance\">\n",
    );
    for chapter in chapters {
        let sentence = headline(chapter).unwrap_or_else(|| counts_sentence(chapter));
        let (command, name) = (anchor(chapter.command), escape(&text::heading(chapter.command)));
        let _ = writeln!(html, "<li><a href=\"#{command}\">{name}</a> {}</li>", escape(&sentence));
    }
    html.push_str("</ul></section>\n");
}

/// The first counts in a row, for commands without a sentence of their own.
fn counts_sentence(chapter: &Chapter) -> String {
    let counts: Vec<String> = chapter
        .counts
        .iter()
        .filter(|(_, count)| is_tile(count))
        .take(TILES)
        .map(|(name, count)| format!("{}: {}", text::heading(name), count.words()))
        .collect();
    match chapter.runs.len() {
        1 => format!("{}.", counts.join(" · ")),
        runs => format!("{}. {}.", text::counted(runs, "run"), counts.join(" · ")),
    }
}

/// The command's own sentence with the joined counts filled in; `None` if it has none or a count is missing.
pub(super) fn headline(chapter: &Chapter) -> Option<String> {
    let template =
        chapter.runs.iter().map(|run| run.summary.headline.as_str()).find(|text| !text.is_empty())?;
    let mut sentence = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        sentence.push_str(before);
        sentence.push_str(&filled(chapter, name)?);
        rest = after;
    }
    sentence.push_str(rest);
    Some(sentence)
}

/// The words for `reads`, `mapped/reads` or `runs`.
fn filled(chapter: &Chapter, name: &str) -> Option<String> {
    if let Some(count) = chapter.counts.get(name) {
        return Some(count.words());
    }
    if name == "runs" {
        return Some(text::number(chapter.runs.len() as f64));
    }
    let (part, whole) = name.split_once('/')?;
    let number = |name: &str| chapter.counts.get(name).and_then(Count::number);
    Some(text::percent(number(part)?, number(whole)?))
}

fn write_tiles(html: &mut String, chapter: &Chapter) {
    if chapter.counts.is_empty() {
        return;
    }
    html.push_str("<dl class=\"tiles\">");
    for (name, count) in chapter.counts.iter().filter(|(_, count)| is_tile(count)).take(TILES) {
        let _ = write!(
            html,
            "<div><dt>{}</dt><dd>{}</dd></div>",
            escape(&text::heading(name)),
            escape(&count.words())
        );
    }
    html.push_str("</dl>\n");
}

/// Whether a count says something at a glance; what did not happen is in the table of all counts.
fn is_tile(count: &Count) -> bool {
    match count {
        _ if count.number() == Some(0.0) => false,
        Count::Same(value) => value.is_number() || value.as_str().is_some_and(|text| text.len() <= 24),
        Count::Sum(_) | Count::Range(..) => true,
        Count::Several => false,
    }
}

/// The counts of all runs, one row a run, and their sums.
fn write_counts(html: &mut String, chapter: &Chapter) {
    if chapter.counts.is_empty() {
        return;
    }
    let is_single = chapter.runs.len() == 1;
    let table = if is_single { counts_down(chapter) } else { counts_across(chapter) };
    let words = if is_single {
        "All counts".to_owned()
    } else {
        format!("All counts of the {}", text::counted(chapter.runs.len(), "run"))
    };
    let file = format!("{}-counts.tsv", chapter.command);
    let _ = writeln!(html, "<details><summary>{words}</summary>{}</details>", table::html(&table, &file));
}

fn counts_table(chapter: &Chapter, columns: Vec<String>, rows: Vec<Vec<Value>>) -> Table {
    let title = format!("{}: counts", text::heading(chapter.command));
    Table { name: "counts".to_owned(), title, chart: Chart::Table, columns, rows, path: None }
}

fn counts_down(chapter: &Chapter) -> Table {
    let counts = &chapter.runs[0].summary.counts;
    let rows = counts.iter().map(|(name, value)| vec![Value::from(name.as_str()), value.clone()]).collect();
    counts_table(chapter, vec!["count".to_owned(), "value".to_owned()], rows)
}

fn counts_across(chapter: &Chapter) -> Table {
    let names: Vec<&str> = chapter.counts.keys().copied().collect();
    let mut columns = vec!["subject".to_owned()];
    columns.extend(names.iter().map(|name| (*name).to_owned()));
    let row = |run: &&super::Found| {
        let counts = names.iter().map(|name| run.summary.counts.get(*name).cloned().unwrap_or(Value::Null));
        std::iter::once(Value::from(run.label.as_str())).chain(counts).collect()
    };
    counts_table(chapter, columns, chapter.runs.iter().map(row).collect())
}

fn write_figure(html: &mut String, figure: &Figure, id: &str) -> usize {
    let mut notes = figure.notes.clone();
    let mut pictures = Vec::new();
    for (label, picture) in chart::draw_all(&figure.panels, id) {
        notes.extend(picture.notes.iter().filter(|note| !notes.contains(note)).cloned().collect::<Vec<_>>());
        pictures.push((label, picture));
    }
    let is_wide = pictures.len() != 1 || pictures.iter().any(|(_, picture)| picture.is_wide);
    let _ = writeln!(
        html,
        "<figure{}><figcaption>{}</figcaption>",
        if is_wide { " class=\"wide\"" } else { "" },
        escape(&figure.whole.title)
    );
    html.push_str(if pictures.len() > 1 && !pictures[0].1.is_wide {
        "<div class=\"panels\">"
    } else {
        "<div>"
    });
    for (label, picture) in &pictures {
        if label.is_empty() {
            html.push_str(&picture.svg);
        } else {
            let _ = write!(html, "<div><h3>{}</h3>{}</div>", escape(label), picture.svg);
        }
    }
    html.push_str("</div>\n");
    for note in &notes {
        let _ = write!(html, "<p class=\"note\">{}</p>", escape(note));
    }
    let rows = text::counted(figure.whole.rows.len(), "row");
    let table = table::html(&figure.whole, &format!("{}.tsv", figure.whole.name));
    let open = if pictures.is_empty() && figure.whole.rows.len() <= 20 { " open" } else { "" };
    let _ = writeln!(html, "<details{open}><summary>Table ({rows})</summary>{table}</details></figure>");
    pictures.len()
}

/// Command lines and inputs, once each.
fn write_provenance(html: &mut String, chapters: &[Chapter]) {
    html.push_str(
        "<section id=\"provenance\" aria-labelledby=\"provenance-h\"><h2 id=\"provenance-h\">Provenance \
                   <small>what was run, on which files</small></h2>\n",
    );
    for chapter in chapters {
        let lines: BTreeSet<&str> =
            chapter.runs.iter().map(|run| run.summary.command_line.as_str()).collect();
        let all = text::counted(lines.len(), "command line");
        let _ = write!(
            html,
            "<details{}><summary>{}: {all}</summary><pre>",
            if lines.len() <= 3 { " open" } else { "" },
            escape(&text::heading(chapter.command))
        );
        for line in lines {
            let _ = writeln!(html, "{}", escape(line));
        }
        html.push_str("</pre></details>\n");
    }
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    for chapter in chapters {
        for input in chapter.runs.iter().flat_map(|run| &run.summary.inputs) {
            if seen.insert((chapter.command, &input.name, &input.blake3)) {
                let cells = [input.name.as_str(), chapter.command].map(Value::from);
                rows.push(
                    [cells.to_vec(), vec![input.size.into(), Value::from(input.blake3.as_str())]].concat(),
                );
            }
        }
    }
    let columns = ["file", "read by", "size [bytes]", "BLAKE3"].map(str::to_owned).to_vec();
    let (name, title) = ("inputs".to_owned(), "Files read".to_owned());
    let files = Table { name, title, chart: Chart::Table, columns, rows, path: None };
    let all = text::counted(files.rows.len(), "input file");
    let _ = writeln!(
        html,
        "<details><summary>{all} with digests</summary>{}</details></section>",
        table::html(&files, "inputs.tsv")
    );
}
