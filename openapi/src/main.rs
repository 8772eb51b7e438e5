//! Writes `openapi.json`.

use std::path::Path;

use anyhow::Context;

fn main() -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi.json");
    std::fs::write(&path, bulkhead_openapi::text()).with_context(|| format!("can't write {}", path.display()))
}
