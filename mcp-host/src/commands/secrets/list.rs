//! `bulkhead secrets list`.

use bulkhead_vault::{Scope, SecretEntry};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::json;

use super::{Tenant, open, organization, print};
use crate::config::Config;

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Arguments {
    #[command(flatten)]
    tenant: Tenant,
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments, config: Config) -> anyhow::Result<()> {
    let (database, ports) = open(&config).await?;
    let organization = organization(&ports, &arguments.tenant).await?;
    let entries = bulkhead_vault::list(&ports, organization.id).await?;
    database.close().await;
    if arguments.json {
        let items: Vec<_> = entries.iter().map(to_json).collect();
        return print(&format!("{:#}", json!(items)));
    }
    if entries.is_empty() {
        return print(&format!("{} has no secrets", organization.slug));
    }
    print(&table(&entries))
}

fn to_json(entry: &SecretEntry) -> serde_json::Value {
    let (connector, connection) = match &entry.scope {
        Scope::Connector(slug) => (Some(slug), None),
        Scope::Connection(id) => (None, Some(id)),
    };
    json!({
        "connector": connector,
        "connection": connection,
        "name": entry.field,
        "key": entry.key,
        "created_at": entry.created_at,
        "updated_at": entry.updated_at,
    })
}

fn table(entries: &[SecretEntry]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["CONNECTOR", "NAME", "STORED", "VAULT KEY"]);
    for entry in entries {
        table.add_row([
            entry.scope.name(),
            entry.field.to_string(),
            entry.updated_at.to_string(),
            entry.key.to_string(),
        ]);
    }
    table.trim_fmt()
}
