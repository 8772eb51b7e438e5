//! Components, compiled once for all scenarios. Each compiles for seconds, and there is nothing to learn from it twice.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::SystemTime;

use crate::{Database, Setup, path};

/// The folder of compiled components, filled by a first host.
///
/// # Panics
/// When it can't be made or filled.
pub(crate) async fn folder() -> PathBuf {
    let parent = own_folder();
    fs::create_dir_all(&parent).expect("a folder can be made");
    let folder = parent.join("compiled");
    // Scenarios run at the same time, each in a process of its own: the first fills the folder, the others wait.
    let lock = File::create(parent.join("compiled.lock")).expect("a file can be made");
    tokio::task::block_in_place(|| lock.lock()).expect("a file can be locked");
    let mark = parent.join("compiled.mark");
    if !folder.exists() || fs::read_to_string(&mark).ok().as_deref() != Some(&state()) {
        let setup = Setup::cold(Database::Sqlite).with_hostile().with_conformance();
        let cache = setup.data_dir().join("cache");
        let host = setup.start().await;
        let _ = fs::remove_dir_all(&folder);
        copy(&cache, &folder);
        drop(host);
        fs::write(mark, state()).expect("a file can be written");
    }
    folder
}

/// Below the target folder, where whoever cleans up finds it.
fn own_folder() -> PathBuf {
    let program = std::env::current_exe().expect("this program has a path");
    let target = program.ancestors().nth(3).expect("this program is in target/<profile>/deps");
    target.join("tmp").join("bulkhead-scenarios")
}

/// What decides whether a compiled component is still of use.
fn state() -> String {
    let changed = |path: PathBuf| path.metadata().and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let guests = path("BULKHEAD_GUESTS_DIR");
    let files = [
        path("BULKHEAD_BIN"),
        path("BULKHEAD_CONNECTORS_DIR").join("toolbox/component.wasm"),
        path("BULKHEAD_CONNECTORS_DIR").join("github/component.wasm"),
        path("BULKHEAD_CONNECTORS_DIR").join("prometheus/component.wasm"),
        path("BULKHEAD_FUNCTIONS_DIR").join("tools.wasm"),
        path("BULKHEAD_FUNCTIONS_DIR").join("audit.wasm"),
        guests.join("connector-hostile/component.wasm"),
        guests.join("connector-conformance/component.wasm"),
    ];
    format!("{:?}", files.map(changed))
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in from.read_dir().expect("the host has made its cache").flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a file can be copied");
    }
}
