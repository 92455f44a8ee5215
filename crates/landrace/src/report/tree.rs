//! Trees: leaves below each other, branches as long as they are (or, where they have no lengths, of equal steps).

use std::collections::HashMap;
use std::fmt::Write;

use landrace_genome::summary::Table;

use super::chart::{self, Picture};
use super::svg::{Axis, Frame, Svg, at};
use super::text;

/// Leaves that are drawn at most.
const SHOWN: usize = 300;
const WIDTH: f64 = 1116.0;
const ROW: f64 = 14.0;
/// Supports from here on are written, in percent.
const WRITTEN: f64 = 50.0;

/// A node with its place.
struct Placed {
    parent: Option<usize>,
    label: String,
    length: f64,
    support: Option<f64>,
    /// Distance from the root, and row.
    x: f64,
    y: f64,
    children: Vec<usize>,
}

/// Draws a table of nodes, each after its parent.
pub(super) fn draw(table: &Table, id: &str) -> Option<Picture> {
    if table.columns.len() < 4 {
        return None;
    }
    let nodes = placed(table)?;
    let leaves = nodes.iter().filter(|node| node.children.is_empty()).count();
    if leaves > SHOWN {
        return None;
    }
    let labels: Vec<(String, Vec<Option<f64>>)> =
        nodes.iter().map(|node| (node.label.clone(), Vec::new())).collect();
    let frame = Frame {
        left: 10.0,
        top: 12.0,
        right: WIDTH - chart::label_width(&labels, 28),
        bottom: 16.0 + ROW * leaves as f64,
    };
    let (low, high) = nodes.iter().fold((0.0f64, 0.0f64), |(a, b), node| (a.min(node.x), b.max(node.x)));
    let axis = Axis::new(&table.columns[2], (low, high), (frame.left, frame.right), false);
    let mut svg = Svg::new(WIDTH, frame.bottom + 44.0);
    svg.lying_axis(frame, &axis);
    let place = |node: &Placed| (axis.scale.at(node.x), frame.top + ROW * (node.y + 0.5));
    let mut shape = String::new();
    for node in &nodes {
        let (x, y) = place(node);
        if let Some(parent) = node.parent {
            let _ = write!(shape, "M{} {}H{}", at(place(&nodes[parent]).0), at(y), at(x));
        }
        if let [first, .., last] = node.children.as_slice() {
            let ends = (place(&nodes[*first]).1, place(&nodes[*last]).1);
            let _ = write!(shape, "M{} {}V{}", at(x), at(ends.0), at(ends.1));
        }
    }
    svg.path("axis", &shape, "");
    for node in &nodes {
        let (x, y) = place(node);
        if node.children.is_empty() {
            svg.label("small s", (x + 5.0, y + 4.0), (&node.label, 28));
        } else if let Some(support) = node.support.filter(|support| *support >= WRITTEN) {
            svg.text("tiny e", (x - 2.0, y - 2.0), &text::number(support));
        }
    }
    let description = chart::description("Tree", table, table.rows.len());
    let mut notes = Vec::new();
    if nodes.iter().any(|node| node.support.is_some()) {
        notes.push(format!("Numbers are the support of branches in percent, where it is {WRITTEN} or more."));
    }
    Some(Picture { svg: svg.finish(id, &table.title, &description), is_wide: true, notes })
}

/// The nodes with their places; `None` if one stands before its parent, or there is more than one root.
fn placed(table: &Table) -> Option<Vec<Placed>> {
    let mut index_of: HashMap<String, usize> = HashMap::new();
    let mut nodes: Vec<Placed> = Vec::with_capacity(table.rows.len());
    for (index, row) in table.rows.iter().enumerate() {
        let parent = text::plain(row.get(1)?);
        let parent = if row[1].is_null() || parent.is_empty() { None } else { Some(*index_of.get(&parent)?) };
        if parent.is_none() && index > 0 {
            return None;
        }
        let length = row.get(2)?.as_f64().unwrap_or(0.0);
        let x = parent.map_or(0.0, |parent| nodes[parent].x + length);
        if let Some(parent) = parent {
            nodes[parent].children.push(index);
        }
        let label = row.get(3).filter(|label| !label.is_null()).map(text::plain).unwrap_or_default();
        let support = row.get(4).and_then(serde_json::Value::as_f64);
        nodes.push(Placed { parent, label, length, support, x, y: 0.0, children: Vec::new() });
        index_of.insert(text::plain(&row[0]), index);
    }
    // Without lengths, each branch is one step.
    if nodes.iter().all(|node| node.length == 0.0) {
        for index in 0..nodes.len() {
            nodes[index].x = nodes[index].parent.map_or(0.0, |parent| nodes[parent].x + 1.0);
        }
    }
    set_rows(&mut nodes);
    Some(nodes)
}

/// Leaves take a row each from the top, in the order of the branches; inner nodes stand amid theirs.
fn set_rows(nodes: &mut [Placed]) {
    let (mut open, mut order, mut row) = (vec![0], Vec::with_capacity(nodes.len()), 0.0);
    while let Some(node) = open.pop() {
        order.push(node);
        if nodes[node].children.is_empty() {
            nodes[node].y = row;
            row += 1.0;
        }
        open.extend(nodes[node].children.iter().rev());
    }
    for node in order.into_iter().rev() {
        if let [first, .., last] = *nodes[node].children.as_slice() {
            nodes[node].y = f64::midpoint(nodes[first].y, nodes[last].y);
        } else if let [only] = *nodes[node].children.as_slice() {
            nodes[node].y = nodes[only].y;
        }
    }
}

#[cfg(test)]
mod tests {
    use landrace_genome::summary::Chart;
    use serde_json::{Value, json};

    use super::*;

    fn table(rows: Vec<Vec<Value>>) -> Table {
        Table {
            name: "tree".into(),
            title: "Tree".into(),
            chart: Chart::Tree,
            columns: ["node", "parent", "length", "label", "support [%]"].map(str::to_owned).to_vec(),
            rows,
            path: None,
        }
    }

    #[test]
    fn leaves_and_supports_are_written() {
        let rows = vec![
            vec![json!(5), Value::Null, json!(0), Value::Null, Value::Null],
            vec![json!(4), json!(5), json!(0.5), Value::Null, json!(93)],
            vec![json!(1), json!(4), json!(0.25), json!("A<1"), Value::Null],
            vec![json!(2), json!(4), json!(0.25), json!("B"), Value::Null],
            vec![json!(3), json!(5), json!(1.0), json!("C"), Value::Null],
        ];
        let picture = draw(&table(rows), "x").unwrap();
        assert!(
            picture.svg.contains(">A&lt;1</text>") && picture.svg.contains(">93</text>"),
            "{}",
            picture.svg
        );
    }

    #[test]
    fn what_is_no_tree_is_not_drawn() {
        let orphan = vec![vec![json!(1), json!(7), json!(0), json!("A"), Value::Null]];
        assert!(draw(&table(orphan), "x").is_none());
        let root = vec![json!(0), Value::Null, json!(0), Value::Null, Value::Null];
        let leaf = |n: usize| vec![json!(n), json!(0), json!(1), json!("L"), Value::Null];
        let rows = std::iter::once(root).chain((1..=SHOWN + 1).map(leaf)).collect();
        assert!(draw(&table(rows), "x").is_none());
    }
}
