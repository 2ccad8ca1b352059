//! The paths that an item mentions.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Field, ImplItemFn, Item, ItemUse, Macro, Path, UseTree};

/// The paths in an item's code, without those that are only for tests.
pub(super) fn mentions(item: &Item) -> BTreeSet<Vec<String>> {
    let mut found = Mentions(BTreeSet::new());
    found.visit_item(item);
    found.0
}

/// Whether something is compiled only for tests or fuzzing.
pub(super) fn is_for_tests(attributes: &[Attribute]) -> bool {
    fn names_tests(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(name) => name == "test" || name == "fuzzing" || name == "doctest",
            TokenTree::Group(group) => names_tests(group.stream()),
            _ => false,
        })
    }
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .meta
                .require_list()
                .is_ok_and(|list| !list.tokens.to_string().starts_with("not") && names_tests(list.tokens.clone()))
    })
}

struct Mentions(BTreeSet<Vec<String>>);

impl<'ast> Visit<'ast> for Mentions {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Const(item) => &item.attrs,
            Item::Enum(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Macro(item) => &item.attrs,
            Item::Mod(item) => &item.attrs,
            Item::Static(item) => &item.attrs,
            Item::Struct(item) => &item.attrs,
            Item::Trait(item) => &item.attrs,
            Item::Type(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if !is_for_tests(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_field(&mut self, field: &'ast Field) {
        if !is_for_tests(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none() {
            self.0.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    /// A `use` in a function.
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        fn leaves(tree: &UseTree, prefix: &[String], found: &mut BTreeSet<Vec<String>>) {
            let with = |name: &proc_macro2::Ident| [prefix, &[name.to_string()]].concat();
            match tree {
                UseTree::Path(path) => leaves(&path.tree, &with(&path.ident), found),
                UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, prefix, found)),
                UseTree::Glob(_) => _ = found.insert(prefix.to_vec()),
                UseTree::Name(name) => _ = found.insert(with(&name.ident)),
                UseTree::Rename(rename) => _ = found.insert(with(&rename.ident)),
            }
        }
        leaves(&item.tree, &[], &mut self.0);
    }

    /// The arguments of a macro are tokens: a path is names with `::` between them, and not behind a dot.
    fn visit_macro(&mut self, called: &'ast Macro) {
        self.visit_path(&called.path);
        scan(called.tokens.clone(), &mut self.0);
    }
}

fn scan(tokens: TokenStream, found: &mut BTreeSet<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let (mut colons, mut behind_a_dot) = (0, false);
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                if colons != 2 && !path.is_empty() {
                    found.insert(std::mem::take(&mut path));
                }
                if !behind_a_dot {
                    path.push(name.to_string());
                }
                (colons, behind_a_dot) = (0, false);
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
            other => {
                if !path.is_empty() {
                    found.insert(std::mem::take(&mut path));
                }
                behind_a_dot = matches!(&other, TokenTree::Punct(mark) if mark.as_char() == '.');
                colons = 0;
                if let TokenTree::Group(group) = other {
                    scan(group.stream(), found);
                }
            }
        }
    }
    if !path.is_empty() {
        found.insert(path);
    }
}
