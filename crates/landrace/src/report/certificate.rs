//! A page to print and sign: text and lines, no picture.

use std::fmt::Write;

use landrace_genome::summary::Table;

use super::chart::Picture;
use super::text::{self, escape};

/// Lays a certificate out; `None` if its rows are not of three columns.
pub(super) fn draw(table: &Table, id: &str) -> Option<Picture> {
    if table.columns.len() != 3 || table.rows.iter().any(|row| row.len() != 3) {
        return None;
    }
    let rows: Vec<[String; 3]> =
        table.rows.iter().map(|row| [0, 1, 2].map(|column| text::cell(&row[column]))).collect();
    let of = |kind: &str| rows.iter().filter(|row| row[0] == kind).collect::<Vec<_>>();
    let mut html = format!("<article class=\"certificate\" id=\"{}\">", escape(id));
    for [_, _, title] in of("title") {
        let _ = write!(html, "<h3>{}</h3>", escape(title));
    }
    let mut heading = "";
    for [kind, item, value] in &rows {
        match kind.as_str() {
            "title" | "note" | "signature" => continue,
            "verdict" => {
                close(&mut html, &mut heading);
                let _ = write!(html, "<p class=\"verdict\">{}</p>", escape(value));
            }
            kind => {
                if heading != kind {
                    close(&mut html, &mut heading);
                    let _ = write!(html, "<h4>{}</h4><dl>", escape(kind));
                    heading = kind;
                }
                let _ = write!(html, "<dt>{}</dt><dd>{}</dd>", escape(item), escape(value));
            }
        }
    }
    close(&mut html, &mut heading);
    for [_, _, note] in of("note") {
        let _ = write!(html, "<p class=\"foot\">{}</p>", escape(note));
    }
    html.push_str("<div class=\"sign\">");
    for [_, _, line] in of("signature") {
        let _ = write!(html, "<div>{}</div>", escape(line));
    }
    html.push_str("</div></article>\n");
    Some(Picture { svg: html, is_wide: true, notes: Vec::new() })
}

/// Ends the list under a heading, if one is open.
fn close(html: &mut String, heading: &mut &str) {
    if !heading.is_empty() {
        html.push_str("</dl>");
        *heading = "";
    }
}

#[cfg(test)]
mod tests {
    use landrace_genome::summary::Chart;

    use super::*;

    #[test]
    fn names_cannot_break_the_page() {
        let row = |cells: [&str; 3]| cells.map(serde_json::Value::from).to_vec();
        let table = Table {
            name: "certificate-1".into(),
            title: "Certificate".into(),
            chart: Chart::Certificate,
            columns: ["section", "item", "text"].map(str::to_owned).to_vec(),
            rows: vec![
                row(["title", "", "A & B"]),
                row(["Sample", "name", "<script>x</script>"]),
                row(["verdict", "", "\"one\""]),
                row(["signature", "", "Analyst"]),
            ],
            path: None,
        };
        let html = draw(&table, "c").unwrap().svg;
        assert!(html.contains("<h3>A &amp; B</h3>") && html.contains("&lt;script&gt;x&lt;/script&gt;"));
        assert!(
            html.contains("<h4>Sample</h4><dl><dt>name</dt>") && html.contains("</dl><p class=\"verdict\">")
        );
        assert!(html.contains("<div>Analyst</div>") && !html.contains("<script>"));
    }
}
