//! What is offered: tools, prompts, resources and their templates, in pages.

use std::sync::Arc;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulkhead_connectors::{Restrictions, Tool as CatalogueTool};
use rmcp::ErrorData;
use rmcp::model::{PaginatedRequestParams, Prompt, Resource, ResourceTemplate, Tool, ToolAnnotations};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::sandbox::{Connector, Installed};
use crate::worker::Worker;

/// The keyword of a schema that demands a header to repeat the argument.
const HEADER_KEYWORD: &str = "x-mcp-header";

/// Everything that is listed, in the order of the connectors' names and then their own.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) tools: Vec<Tool>,
    pub(super) prompts: Vec<Prompt>,
    pub(super) resources: Vec<Resource>,
    pub(super) templates: Vec<ResourceTemplate>,
    /// Places of tools whose schemas name headers, by the tools' names.
    with_headers: Vec<usize>,
}

/// The lists of the connectors that are installed at the moment, made anew when others are.
pub(super) struct LiveLists(ArcSwap<(Arc<Installed>, Arc<Lists>)>);

impl LiveLists {
    /// Of these, for the time being.
    pub(super) fn of(installed: Arc<Installed>) -> Self {
        let lists = Arc::new(Lists::of(&installed));
        Self(ArcSwap::from_pointee((installed, lists)))
    }

    /// Of those that the worker has now.
    pub(super) fn of_now(&self, worker: &Worker) -> Arc<Lists> {
        let installed = worker.installed();
        let known = self.0.load();
        if Arc::ptr_eq(&known.0, &installed) {
            return known.1.clone();
        }
        let lists = Arc::new(Lists::of(&installed));
        self.0.store(Arc::new((installed, lists.clone())));
        lists
    }
}

impl Lists {
    /// What these connectors offer.
    pub(super) fn of(installed: &Installed) -> Self {
        let mut lists = Self::default();
        for connector in installed.iter().map(|installed| &installed.connector) {
            lists.add(connector);
        }
        let names_headers = |place: &usize| {
            serde_json::to_string(&lists.tools[*place].input_schema).is_ok_and(|schema| schema.contains(HEADER_KEYWORD))
        };
        let mut with_headers: Vec<usize> = (0..lists.tools.len()).filter(names_headers).collect();
        with_headers.sort_by(|a, b| lists.tools[*a].name.cmp(&lists.tools[*b].name));
        lists.with_headers = with_headers;
        lists
    }

    /// A tool of which arguments are repeated in headers.
    pub(super) fn tool_with_headers(&self, name: &str) -> Option<&Tool> {
        let place = self.with_headers.binary_search_by(|place| self.tools[*place].name.as_ref().cmp(name)).ok()?;
        self.tools.get(self.with_headers[place])
    }

    /// The tools that an organisation allows; `None` when that is all of them.
    pub(super) fn tools_left(&self, restrictions: &[(String, Restrictions)]) -> Option<Vec<Tool>> {
        let of = |slug: &str| restrictions.iter().find(|(connector, _)| connector == slug);
        let allowed = |tool: &&Tool| {
            let (slug, name) = tool.name.split_once('_').unwrap_or_default();
            of(slug).is_none_or(|(_, restrictions)| restrictions.allow_tool(name))
        };
        let restricted = restrictions.iter().any(|(_, restrictions)| restrictions.tools.is_some());
        restricted.then(|| self.tools.iter().filter(allowed).cloned().collect())
    }

    fn add(&mut self, connector: &Connector) {
        let (entry, listing) = (connector.entry(), connector.listing());
        self.tools.extend(entry.tools.iter().map(|tool| describe(entry.slug.as_str(), tool)));
        self.prompts.extend(connector.prompts().iter().filter_map(|prompt| read(&prompt.listed)));
        self.resources.extend(listing.resources.iter().filter_map(read));
        self.templates.extend(listing.templates.iter().filter_map(read));
    }
}

/// The sandbox wrote it in MCP's words, so it reads.
fn read<T: DeserializeOwned>(listed: &Value) -> Option<T> {
    T::deserialize(listed).inspect_err(|error| tracing::error!(%error, "what a connector lists is not MCP's")).ok()
}

fn describe(slug: &str, tool: &CatalogueTool) -> Tool {
    let object = |schema: &Value| Arc::new(schema.as_object().cloned().unwrap_or_default());
    let hints = tool.annotations;
    let annotations = ToolAnnotations::from_raw(
        Some(tool.title.clone()),
        Some(hints.read_only_hint),
        Some(hints.destructive_hint),
        Some(hints.idempotent_hint),
        Some(hints.open_world_hint),
    );
    let described = Tool::new(format!("{slug}_{}", tool.name), tool.description.clone(), object(&tool.input_schema))
        .with_title(tool.title.clone())
        .with_annotations(annotations);
    match &tool.output_schema {
        Some(schema) => described.with_raw_output_schema(object(schema)),
        None => described,
    }
}

/// One page of a list, and the cursor of the next. A cursor names the last entry of its page, so that it means the same
/// in every process and after the list has grown.
///
/// # Errors
/// Invalid params, when the cursor is not one that this list gave out.
pub(super) fn page<T: Clone>(
    all: &[T],
    key: impl Fn(&T) -> &str,
    request: Option<PaginatedRequestParams>,
    size: usize,
) -> Result<(Vec<T>, Option<String>), ErrorData> {
    let start = match request.and_then(|request| request.cursor) {
        None => 0,
        Some(cursor) => {
            let last = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let place = last.and_then(|last| all.iter().position(|entry| key(entry) == last));
            let unknown = || ErrorData::invalid_params("the cursor is none of this list; begin without one", None);
            place.ok_or_else(unknown)? + 1
        }
    };
    let end = all.len().min(start.saturating_add(size.max(1)));
    let entries = all[start..end].to_vec();
    let next = if end < all.len() { entries.last().map(|last| URL_SAFE_NO_PAD.encode(key(last))) } else { None };
    Ok((entries, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(cursor: Option<String>, size: usize) -> Result<(Vec<String>, Option<String>), ErrorData> {
        let all = ["a", "b", "c"].map(str::to_owned);
        page(&all, String::as_str, Some(PaginatedRequestParams::default().with_cursor(cursor)), size)
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let (first, next) = names(None, 2).expect("a page");
        assert_eq!(first, ["a", "b"]);
        let (second, end) = names(next, 2).expect("a page");
        assert_eq!((second, end), (vec!["c".to_owned()], None));
        assert_eq!(names(None, 3).expect("a page").1, None);
    }

    #[test]
    fn a_cursor_of_nothing_is_refused() {
        for cursor in ["", "!", "eA"] {
            assert!(names(Some(cursor.to_owned()), 2).is_err(), "{cursor:?}");
        }
    }
}
