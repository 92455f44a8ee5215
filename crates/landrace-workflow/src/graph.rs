//! Pictures of a workflow's steps.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::workflow::{Binding, Workflow};

/// The steps as a Graphviz graph.
pub fn dot(workflow: &Workflow) -> String {
    let mut text = format!("digraph \"{}\" {{\n  rankdir=LR;\n", workflow.name);
    for name in workflow.inputs.keys() {
        let _ = writeln!(text, "  \"{name}\" [shape=note];");
    }
    for step in &workflow.steps {
        let _ =
            writeln!(text, "  \"{}\" [shape=box, label=\"{}\"];", step.id, label(&step.id, &step.per, "\\n"));
    }
    for (from, to, is_gather) in edges(workflow) {
        let style = if is_gather { " [style=bold]" } else { "" };
        let _ = writeln!(text, "  \"{from}\" -> \"{to}\"{style};");
    }
    text + "}\n"
}

/// The steps as a Mermaid graph.
pub fn mermaid(workflow: &Workflow) -> String {
    let mut text = "graph LR\n".to_owned();
    for name in workflow.inputs.keys() {
        let _ = writeln!(text, "  in_{name}[/{name}/]");
    }
    for step in &workflow.steps {
        let _ = writeln!(text, "  {}[\"{}\"]", step.id, label(&step.id, &step.per, "<br>"));
    }
    for (from, to, is_gather) in edges(workflow) {
        let prefix = if workflow.inputs.contains_key(from) { "in_" } else { "" };
        let arrow = if is_gather { "==>" } else { "-->" };
        let _ = writeln!(text, "  {prefix}{from} {arrow} {to}");
    }
    text
}

fn label(id: &str, per: &[String], line_break: &str) -> String {
    if per.is_empty() { id.to_owned() } else { format!("{id}{line_break}per {}", per.join(", ")) }
}

/// From, to, and whether it gathers; each once, in the order of the steps.
fn edges(workflow: &Workflow) -> Vec<(&str, &str, bool)> {
    let mut edges = Vec::new();
    for step in &workflow.steps {
        let from: BTreeSet<(&str, bool)> = step
            .inputs
            .values()
            .flatten()
            .map(|binding| match binding {
                Binding::Input(name) | Binding::Step(name) => (name.as_str(), false),
                Binding::Gather(name) => (name.as_str(), true),
            })
            .collect();
        edges.extend(from.into_iter().map(|(from, is_gather)| (from, step.id.as_str(), is_gather)));
    }
    edges
}
