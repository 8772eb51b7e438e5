//! `bulkhead connector list`.

use bulkhead_connectors::Approval;
use bulkhead_kernel::Ports;
use serde_json::json;

use super::table;
use crate::commands::assemble::{folders_of_connectors, open_database, signatures};
use crate::commands::terminal::print;
use crate::config::Config;
use crate::lifecycle::{LifecycleError, Origin, Standing, standing};
use crate::sandbox::Package;

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Arguments {
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

/// One line of the list.
struct Entry {
    slug: String,
    version: Option<String>,
    digest: Option<String>,
    status: &'static str,
    /// Why it is not used.
    detail: Option<String>,
    approval: Option<Approval>,
    /// The artifact that it was pulled as.
    origin: Option<Origin>,
}

pub(super) async fn run(arguments: Arguments, config: Config) -> anyhow::Result<()> {
    let signatures = signatures(&config)?;
    let (database, ports) = open_database(&config).await?;
    let mut entries = Vec::new();
    for folder in folders_of_connectors(&config)? {
        let slug = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        entries.push(match Package::read(&folder, &signatures) {
            Ok(package) => entry(&ports, slug, package, Origin::read(&folder)).await?,
            Err(error) => Entry {
                slug,
                version: None,
                digest: None,
                status: "refused",
                detail: Some(error.to_string()),
                approval: None,
                origin: Origin::read(&folder),
            },
        });
    }
    database.close().await;
    if arguments.json {
        let items: Vec<_> = entries.iter().map(to_json).collect();
        return print(&format!("{:#}", json!(items)));
    }
    if entries.is_empty() {
        return print(&format!("{} has no connectors", config.connectors_dir.display()));
    }
    let rows = entries.into_iter().map(|entry| {
        let short = entry.digest.unwrap_or_default().chars().take("sha256:".len() + 12).collect();
        let approved = entry.approval.map(|approval| format!("{} by {}", approval.approved_at, approval.approved_by));
        let status = entry.detail.map_or_else(|| entry.status.to_owned(), |why| format!("{}: {why}", entry.status));
        let origin = entry.origin.map(|origin| origin.reference).unwrap_or_default();
        [entry.slug, entry.version.unwrap_or_default(), short, origin, approved.unwrap_or_default(), status]
    });
    print(&table(["CONNECTOR", "VERSION", "DIGEST", "ORIGIN", "LAST APPROVED", "STATUS"], rows))
}

async fn entry(ports: &Ports, slug: String, package: Package, origin: Option<Origin>) -> Result<Entry, LifecycleError> {
    let approval = bulkhead_connectors::find_approval(ports, &package.manifest.slug).await?;
    let (status, detail) = match standing(ports, &package).await? {
        Standing::Approved => ("approved", None),
        Standing::First | Standing::AsksForNoMore(_) => ("new", None),
        Standing::AsksForMore { beyond, .. } => ("waits for approval", Some(beyond.join("; "))),
    };
    let (version, digest) = (Some(package.manifest.version), Some(package.digest));
    Ok(Entry { slug, version, digest, status, detail, approval, origin })
}

fn to_json(entry: &Entry) -> serde_json::Value {
    let approval = entry.approval.as_ref().map(|approval| {
        json!({
            "digest": approval.digest,
            "requests_digest": approval.grants_digest,
            "at": approval.approved_at,
            "by": approval.approved_by,
        })
    });
    json!({
        "slug": entry.slug,
        "version": entry.version,
        "digest": entry.digest,
        "status": entry.status,
        "detail": entry.detail,
        "approval": approval,
        "origin": entry.origin,
    })
}
