//! `bulkhead connector verify`.

use anyhow::bail;

use super::table;
use crate::commands::assemble::{installer, open_database};
use crate::commands::terminal::print;
use crate::compile_cache::CompileCache;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::lifecycle::{Standing, standing};

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Arguments {}

pub(super) async fn run(_: Arguments, config: Config) -> anyhow::Result<()> {
    let data_dir = DataDir::open(&config.data_dir)?;
    let (database, ports) = open_database(&config).await?;
    let installer = installer(&config, &CompileCache::new(data_dir.file("cache"))?)?;
    let mut rows = Vec::new();
    let mut refused = Vec::new();
    for folder in installer.folders()? {
        let slug = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let found = match installer.read(&folder) {
            Ok(package) => match standing(&ports, &package).await? {
                Standing::AsksForMore { beyond, .. } => {
                    Err(format!("waits for approval: it asks for {}", beyond.join("; ")))
                }
                _ => installer.load(package).await.map(drop).map_err(|error| error.to_string()),
            },
            Err(error) => Err(error.to_string()),
        };
        let said = match found {
            Ok(()) => "good".to_owned(),
            Err(why) => {
                refused.push(slug.clone());
                why
            }
        };
        rows.push([slug, said]);
    }
    database.close().await;
    print(&table(["CONNECTOR", "RESULT"], rows))?;
    if !refused.is_empty() {
        bail!("a host would not use: {}", refused.join(", "));
    }
    Ok(())
}
