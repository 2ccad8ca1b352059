//! Cycles in a graph of files.

use std::collections::{BTreeMap, BTreeSet};

/// For each file that imports another: the names it takes from it.
pub(super) type Edges = BTreeMap<(String, String), BTreeSet<String>>;

/// The strongly connected sets of more than one file. Each is described by its imports, one a line.
pub(super) fn cycles(edges: &Edges) -> Vec<String> {
    let mut imports: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in edges.keys() {
        imports.entry(from).or_default().push(to);
    }
    let mut reached: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for from in imports.keys() {
        let mut seen = BTreeSet::new();
        let mut open = vec![*from];
        while let Some(file) = open.pop() {
            open.extend(imports.get(file).into_iter().flatten().filter(|to| seen.insert(**to)));
        }
        reached.insert(from, seen);
    }
    let reaches = |one: &str, other: &str| reached.get(one).is_some_and(|seen| seen.contains(other));
    let mut described = BTreeSet::new();
    let mut reports = Vec::new();
    for file in reached.keys().filter(|file| reaches(file, file)) {
        if described.insert(*file) {
            let cycle: BTreeSet<&str> =
                reached.keys().copied().filter(|other| reaches(file, other) && reaches(other, file)).collect();
            let inside =
                edges.iter().filter(|((from, to), _)| cycle.contains(from.as_str()) && cycle.contains(to.as_str()));
            let lines = inside.map(|((from, to), names)| {
                format!("{from} -> {to}: {}", names.iter().cloned().collect::<Vec<_>>().join(", "))
            });
            reports.push(lines.collect::<Vec<_>>().join("\n"));
            described.extend(cycle);
        }
    }
    reports
}
