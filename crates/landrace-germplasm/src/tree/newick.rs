//! Newick: a tree as text in brackets.

use std::io::{self, Write};

use super::Tree;

/// Writes a tree in one line. Inner nodes bear the support of the branch above them in percent; names with anything but
/// letters, digits, points and hyphens are quoted, so that they are read back as they are (an underscore outside quotes
/// stands for a space).
///
/// # Errors
/// Returns an error if writing fails.
pub fn write(tree: &Tree, out: &mut impl Write) -> io::Result<()> {
    // Nodes to enter, and those to leave: trees may be deeper than a stack of calls.
    let mut open = vec![(tree.root, false)];
    let mut is_first = true;
    while let Some((node, is_done)) = open.pop() {
        let own = &tree.nodes[node];
        if !is_done {
            if !is_first {
                out.write_all(b",")?;
            }
            is_first = true;
            if !own.children.is_empty() {
                out.write_all(b"(")?;
                open.push((node, true));
                open.extend(own.children.iter().rev().map(|&child| (child, false)));
                continue;
            }
            out.write_all(quoted(&tree.names[node]).as_bytes())?;
        } else {
            out.write_all(b")")?;
            if let Some(support) = own.support {
                write!(out, "{}", percent(support))?;
            }
        }
        is_first = false;
        if own.parent.is_some() {
            write!(out, ":{}", number(own.length))?;
        }
    }
    out.write_all(b";\n")
}

/// A share in whole percent.
pub fn percent(share: f64) -> f64 {
    (100.0 * share).round()
}

/// A length with ten digits that count, without an exponent.
pub fn number(value: f64) -> String {
    let rounded = format!("{value:.9e}").parse().unwrap_or(value);
    if rounded == 0.0 { "0".to_owned() } else { format!("{rounded}") }
}

/// A name as Newick has it.
pub fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    if !name.is_empty() && name.chars().all(is_plain) {
        return name.to_owned();
    }
    format!("'{}'", name.replace('\'', "''"))
}
