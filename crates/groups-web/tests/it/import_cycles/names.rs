//! The modules of a crate, the names in them, and which file names an item of which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::{Attribute, Expr, ExprLit, Item, Lit, Meta, UseTree, Visibility};

use super::graph::Edges;
use super::mentions::{is_for_tests, mentions};

/// A module's path from the crate's root.
type ModulePath = Vec<String>;

/// What a name in a module stands for.
#[derive(Debug)]
enum Name {
    /// An item that the module defines.
    Item,
    Module(ModulePath),
    /// The path in a `use`.
    Import(Vec<String>),
}

#[derive(Debug, Default)]
struct Module {
    file: String,
    /// A name may stand for one thing of each kind: a type, a function and a macro.
    names: BTreeMap<String, Vec<Name>>,
    /// The paths of `use path::*`.
    globs: Vec<Vec<String>>,
    /// Whether macros define items, whose names are unknown.
    has_item_macros: bool,
    /// The paths in its code, with imports, and without re-exports.
    mentioned: BTreeSet<Vec<String>>,
}

/// A parsed crate.
#[derive(Debug, Default)]
pub(super) struct Crate {
    modules: BTreeMap<ModulePath, Module>,
}

/// Reads a file of a crate.
type Read<'a> = &'a dyn Fn(&Path) -> Option<String>;

impl Crate {
    /// Parses the crate with this `lib.rs` or `main.rs`. Files are named relative to the workspace.
    pub(super) fn parse(workspace: &Path, entry: &Path) -> Self {
        let entry = entry.strip_prefix(workspace).unwrap();
        Self::parse_with(entry, &|path| fs::read_to_string(workspace.join(path)).ok())
    }

    pub(super) fn parse_with(entry: &Path, read: Read<'_>) -> Self {
        let mut parsed = Self::default();
        parsed.add_file(ModulePath::new(), entry, entry.parent().unwrap(), read);
        parsed
    }

    pub(super) fn files(&self) -> usize {
        self.modules.values().map(|module| &module.file).collect::<BTreeSet<_>>().len()
    }

    pub(super) fn imports(&self) -> Edges {
        let mut edges = Edges::new();
        for (path, module) in &self.modules {
            for mentioned in &module.mentioned {
                if let Some((file, name)) = self.definition(path, mentioned, true, &mut Vec::new())
                    && *file != module.file
                {
                    edges.entry((module.file.clone(), file.clone())).or_default().insert(name);
                }
            }
        }
        edges
    }

    /// The file and the name of the item that a path leads to. `None` if it leads to a module or out of the crate.
    ///
    /// `asked` ends the search where modules import everything of each other.
    fn definition(
        &self,
        module: &[String],
        path: &[String],
        is_start: bool,
        asked: &mut Vec<(ModulePath, Vec<String>)>,
    ) -> Option<(&String, String)> {
        let [name, rest @ ..] = path else { return None };
        let question = (module.to_vec(), path.to_vec());
        if asked.contains(&question) {
            return None;
        }
        asked.push(question);
        if let Some(start) = start(module, name) {
            return self.definition(&start, rest, false, asked);
        }
        let scope = self.modules.get(module)?;
        for name_of in scope.names.get(name).into_iter().flatten() {
            let found = match name_of {
                Name::Item => Some((&scope.file, name.clone())),
                Name::Module(child) => self.definition(child, rest, false, asked),
                // `use name::name`, of a child module, or of another crate.
                Name::Import(import) if import[0] == *name => {
                    let child = self.module(module, &import[..1]);
                    child.and_then(|child| self.definition(&child, &[&import[1..], rest].concat(), false, asked))
                }
                Name::Import(import) => self.definition(module, &[import, rest].concat(), true, asked),
            };
            if found.is_some() {
                return found;
            }
        }
        for glob in &scope.globs {
            if let Some(other) = self.module(module, glob)
                && let Some(found) = self.definition(&other, path, false, asked)
            {
                return Some(found);
            }
        }
        let may_be_made_by_a_macro = scope.has_item_macros && !is_start && !scope.names.contains_key(name);
        may_be_made_by_a_macro.then(|| (&scope.file, name.clone()))
    }

    /// The module that a path leads to. Modules that are imported under another name are not followed.
    fn module(&self, module: &[String], path: &[String]) -> Option<ModulePath> {
        let [name, rest @ ..] = path else { return Some(module.to_vec()) };
        if let Some(start) = start(module, name) {
            return self.module(&start, rest);
        }
        self.modules.get(module)?.names.get(name)?.iter().find_map(|name| match name {
            Name::Module(child) => self.module(child, rest),
            Name::Item | Name::Import(_) => None,
        })
    }

    /// Adds a file. `folder` is where the files of its child modules are.
    fn add_file(&mut self, path: ModulePath, file: &Path, folder: &Path, read: Read<'_>) {
        let text = read(file).unwrap_or_else(|| panic!("{} does not exist", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.add_module(path, file, folder, parsed.items, read);
    }

    fn add_module(&mut self, path: ModulePath, file: &Path, folder: &Path, items: Vec<Item>, read: Read<'_>) {
        let mut module = Module { file: file.display().to_string(), ..Module::default() };
        for item in items {
            match item {
                Item::Mod(child) if !is_for_tests(&child.attrs) => {
                    let name = child.ident.to_string();
                    let child_path = self.unused([path.as_slice(), std::slice::from_ref(&name)].concat());
                    let child_folder = folder.join(&name);
                    module.names.entry(name.clone()).or_default().push(Name::Module(child_path.clone()));
                    if let Some((_, items)) = child.content {
                        self.add_module(child_path, file, &child_folder, items, read);
                    } else if let Some(given) = path_attribute(&child.attrs) {
                        let child_file = file.parent().unwrap().join(given);
                        self.add_file(child_path, &child_file, child_file.parent().unwrap(), read);
                    } else {
                        self.add_file(child_path, &folder.join(format!("{name}.rs")), &child_folder, read);
                    }
                }
                Item::Use(item) if !is_for_tests(&item.attrs) => {
                    let is_import = matches!(item.vis, Visibility::Inherited);
                    module.add_use(&item.tree, &mut Vec::new(), is_import);
                }
                other => {
                    if let Some(name) = defined(&other) {
                        module.names.entry(name).or_default().push(Name::Item);
                    }
                    module.has_item_macros |= matches!(&other, Item::Macro(item) if item.ident.is_none());
                    module.mentioned.extend(mentions(&other));
                }
            }
        }
        self.modules.insert(path, module);
    }

    /// A path for a module that is declared several times, for different features.
    fn unused(&self, mut path: ModulePath) -> ModulePath {
        while self.modules.contains_key(&path)
            && let Some(name) = path.last_mut()
        {
            name.push('\'');
        }
        path
    }
}

impl Module {
    fn add_use(&mut self, tree: &UseTree, prefix: &mut Vec<String>, is_import: bool) {
        let (name, last) = match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.add_use(&path.tree, prefix, is_import);
                prefix.pop();
                return;
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(tree, prefix, is_import);
                }
                return;
            }
            UseTree::Glob(_) => {
                self.globs.push(prefix.clone());
                if is_import {
                    self.mentioned.insert(prefix.clone());
                }
                return;
            }
            UseTree::Name(name) => (name.ident.to_string(), name.ident.to_string()),
            UseTree::Rename(rename) => (rename.rename.to_string(), rename.ident.to_string()),
        };
        let mut path = prefix.clone();
        let name = if name == "self" { path.last().cloned().unwrap_or_default() } else { name };
        if last != "self" {
            path.push(last);
        }
        if is_import {
            self.mentioned.insert(path.clone());
        }
        self.names.entry(name).or_default().push(Name::Import(path));
    }
}

/// The module where a path starts or continues, if its first segment is a keyword.
fn start(module: &[String], segment: &str) -> Option<ModulePath> {
    match segment {
        "crate" => Some(ModulePath::new()),
        "self" => Some(module.to_vec()),
        "super" => module.split_last().map(|(_, parent)| parent.to_vec()),
        _ => None,
    }
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("path") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    })
}

/// The name of the item that is defined here.
fn defined(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
