//! A table in the page, and as a download of all its rows.

use std::fmt::Write;

use landrace_genome::summary::Table;

use super::text;

/// Rows that the page shows; the download has all.
const SHOWN: usize = 200;

/// Columns that the page shows.
const COLUMNS: usize = 40;

/// Bytes that a download may add to the page.
const DOWNLOAD: usize = 4 << 20;

/// The table with its caption and its download.
pub(super) fn html(table: &Table, file_name: &str) -> String {
    let mut html =
        format!("<div class=\"scroll\"><table><caption>{}</caption><thead><tr>", text::escape(&table.title));
    let is_number: Vec<bool> =
        (0..table.columns.len().min(COLUMNS)).map(|column| is_numeric(table, column)).collect();
    for (column, name) in table.columns.iter().take(COLUMNS).enumerate() {
        let _ = write!(html, "<th scope=\"col\"{}>{}</th>", class(is_number[column]), text::escape(name));
    }
    html.push_str("</tr></thead><tbody>\n");
    for row in table.rows.iter().take(SHOWN) {
        html.push_str("<tr>");
        for (column, value) in row.iter().take(COLUMNS).enumerate() {
            // Names and positions stay as they are; only counts get their separators.
            let shown = if column == 0 && !value.is_null() { text::plain(value) } else { text::cell(value) };
            let is_number = is_number.get(column).copied().unwrap_or(false);
            let _ = write!(html, "<td{}>{}</td>", class(is_number), text::escape(&shown));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table></div>");
    html.push_str(&notes(table));
    let tsv = tsv(table);
    if tsv.len() <= DOWNLOAD {
        let _ = write!(html, "<p>{}</p>", download(&tsv, file_name, "Download as TSV"));
    } else {
        html.push_str("<p class=\"note\">Too long to carry in this page; the summaries hold all of it.</p>");
    }
    html
}

/// Says which rows and columns are left out.
fn notes(table: &Table) -> String {
    let shown = [(table.rows.len(), SHOWN, "rows"), (table.columns.len(), COLUMNS, "columns")];
    let left_out = shown.into_iter().filter(|(all, shown, _)| all > shown);
    left_out
        .map(|(all, shown, what)| {
            format!(
                "<p class=\"note\">The first {shown} of {} {what} are shown.</p>",
                text::number(all as f64)
            )
        })
        .collect()
}

/// A link that saves `content` as a file of that name.
pub(super) fn download(content: &str, file_name: &str, words: &str) -> String {
    format!(
        "<a class=\"download\" download=\"{}\" href=\"data:text/tab-separated-values;charset=utf-8;base64,{}\">{words}</a>",
        text::escape(file_name),
        text::base64(content)
    )
}

/// The whole table as TSV with a header line.
pub(super) fn tsv(table: &Table) -> String {
    let mut tsv = table.columns.join("\t");
    tsv.push('\n');
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(text::plain).collect();
        tsv.push_str(&cells.join("\t"));
        tsv.push('\n');
    }
    tsv
}

fn is_numeric(table: &Table, column: usize) -> bool {
    table
        .rows
        .iter()
        .take(SHOWN)
        .all(|row| row.get(column).is_none_or(|value| value.is_number() || value.is_null()))
}

fn class(is_number: bool) -> &'static str {
    if is_number { " class=\"n\"" } else { "" }
}
