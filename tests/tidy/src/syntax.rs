//! What the rules ask of parsed Rust: functions with their lines, imports, paths, public items, identifiers.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A function with a body.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// First line of its signature.
    pub line: usize,
    /// Lines from its signature to its last brace.
    pub lines: usize,
    /// Whether a parameter is a slice of bytes.
    pub takes_bytes: bool,
}

/// A path that names something, from an import or from code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// The segments.
    pub segments: Vec<String>,
    /// The line it begins in.
    pub line: usize,
}

/// A public item.
#[derive(Debug)]
pub struct PublicItem {
    /// Its name.
    pub name: String,
    /// The line it begins in.
    pub line: usize,
    /// Whether it is a type, trait or alias.
    pub is_type: bool,
}

/// Every function with a body, methods included.
#[must_use]
pub fn functions(file: &syn::File) -> Vec<Function> {
    struct Functions(Vec<Function>);
    impl Functions {
        fn add(&mut self, signature: &syn::Signature, block: &syn::Block) {
            let line = signature.fn_token.span.start().line;
            self.0.push(Function {
                name: signature.ident.to_string(),
                line,
                lines: block.brace_token.span.close().end().line + 1 - line,
                takes_bytes: signature.inputs.iter().any(is_byte_slice),
            });
        }
    }
    impl<'ast> Visit<'ast> for Functions {
        fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
            self.add(&item.sig, &item.block);
            visit::visit_item_fn(self, item);
        }

        fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
            self.add(&item.sig, &item.block);
            visit::visit_impl_item_fn(self, item);
        }

        fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
            if let Some(block) = &item.default {
                self.add(&item.sig, block);
            }
            visit::visit_trait_item_fn(self, item);
        }
    }
    let mut functions = Functions(Vec::new());
    functions.visit_file(file);
    functions.0
}

fn is_byte_slice(argument: &syn::FnArg) -> bool {
    let syn::FnArg::Typed(argument) = argument else { return false };
    let syn::Type::Reference(reference) = &*argument.ty else { return false };
    let syn::Type::Slice(slice) = &*reference.elem else { return false };
    matches!(&*slice.elem, syn::Type::Path(path) if path.path.is_ident("u8"))
}

/// Every path of the file: leaves of imports, and paths of two and more segments in code.
#[must_use]
pub fn paths(file: &syn::File) -> Vec<Named> {
    struct Paths(Vec<Named>);
    impl<'ast> Visit<'ast> for Paths {
        fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
            let line = item.span().start().line;
            leaves(&item.tree, &mut Vec::new(), line, &mut self.0);
        }

        fn visit_path(&mut self, path: &'ast syn::Path) {
            let segments: Vec<String> =
                path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            if segments.len() > 1 {
                self.0.push(Named { segments, line: path.span().start().line });
            }
            visit::visit_path(self, path);
        }

        fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

        fn visit_macro(&mut self, item: &'ast syn::Macro) {
            in_tokens(item.tokens.clone(), &mut self.0);
            visit::visit_macro(self, item);
        }
    }
    let mut paths = Paths(Vec::new());
    paths.visit_file(file);
    paths.0
}

fn leaves(tree: &syn::UseTree, before: &mut Vec<String>, line: usize, found: &mut Vec<Named>) {
    let mut leaf = |name: String, before: &[String]| {
        let segments = before.iter().cloned().chain((name != "self").then_some(name)).collect();
        found.push(Named { segments, line });
    };
    match tree {
        syn::UseTree::Path(path) => {
            before.push(path.ident.to_string());
            leaves(&path.tree, before, line, found);
            before.pop();
        }
        syn::UseTree::Name(name) => leaf(name.ident.to_string(), before),
        syn::UseTree::Rename(rename) => leaf(rename.ident.to_string(), before),
        syn::UseTree::Glob(_) => leaf("*".to_owned(), before),
        syn::UseTree::Group(group) => {
            for tree in &group.items {
                leaves(tree, before, line, found);
            }
        }
    }
}

/// Paths inside the tokens of a macro, which are not parsed.
fn in_tokens(tokens: TokenStream, found: &mut Vec<Named>) {
    let mut segments: Vec<String> = Vec::new();
    let (mut colons, mut line) = (0, 0);
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                if colons != 2 {
                    flush(&mut segments, line, found);
                    line = ident.span().start().line;
                }
                segments.push(ident.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            TokenTree::Group(group) => {
                flush(&mut segments, line, found);
                colons = 0;
                in_tokens(group.stream(), found);
            }
            _ => {
                flush(&mut segments, line, found);
                colons = 0;
            }
        }
    }
    flush(&mut segments, line, found);
}

fn flush(segments: &mut Vec<String>, line: usize, found: &mut Vec<Named>) {
    let segments = std::mem::take(segments);
    if segments.len() > 1 {
        found.push(Named { segments, line });
    }
}

/// Everything that is `pub` without a restriction, methods and fields left out.
#[must_use]
pub fn public_items(file: &syn::File) -> Vec<PublicItem> {
    file.items.iter().filter_map(public_item).collect()
}

fn public_item(item: &syn::Item) -> Option<PublicItem> {
    use syn::Item;
    let (visibility, ident, is_type) = match item {
        Item::Struct(item) => (&item.vis, &item.ident, true),
        Item::Enum(item) => (&item.vis, &item.ident, true),
        Item::Trait(item) => (&item.vis, &item.ident, true),
        Item::Type(item) => (&item.vis, &item.ident, true),
        Item::Fn(item) => (&item.vis, &item.sig.ident, false),
        Item::Const(item) => (&item.vis, &item.ident, false),
        Item::Static(item) => (&item.vis, &item.ident, false),
        _ => return None,
    };
    let is_public = matches!(visibility, syn::Visibility::Public(_));
    is_public.then(|| PublicItem {
        name: ident.to_string(),
        line: ident.span().start().line,
        is_type,
    })
}

/// Every identifier of the file with the first line it is in.
#[must_use]
pub fn identifiers(text: &str) -> BTreeMap<String, usize> {
    fn collect(tokens: TokenStream, found: &mut BTreeMap<String, usize>) {
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    found.entry(ident.to_string()).or_insert(ident.span().start().line);
                }
                TokenTree::Group(group) => collect(group.stream(), found),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
    let mut found = BTreeMap::new();
    if let Ok(tokens) = text.parse::<TokenStream>() {
        collect(tokens, &mut found);
    }
    found
}

/// The derives of the file, each as its line and the names in order.
#[must_use]
pub fn derives(file: &syn::File) -> Vec<(usize, Vec<String>)> {
    struct Derives(Vec<(usize, Vec<String>)>);
    impl<'ast> Visit<'ast> for Derives {
        fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
            let syn::Meta::List(list) = &attribute.meta else { return };
            if list.path.is_ident("derive") {
                let text = list.tokens.to_string();
                let name = |path: &str| path.rsplit("::").next().unwrap_or(path).trim().to_owned();
                let names = text.split(',').map(name).filter(|name| !name.is_empty());
                self.0.push((attribute.span().start().line, names.collect()));
            }
        }
    }
    let mut derives = Derives(Vec::new());
    derives.visit_file(file);
    derives.0
}
