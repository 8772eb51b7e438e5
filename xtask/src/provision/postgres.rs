//! Finding PostgreSQL's server programs, which Debian keeps off the `PATH`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process;

/// The folder that holds `initdb` and `postgres`, from the newest server that is installed.
pub(crate) fn server_programs() -> Option<PathBuf> {
    let on_path = process::find("initdb").and_then(|file| file.parent().map(Path::to_owned));
    let configured = process::output(Command::new("pg_config").arg("--bindir")).ok().map(PathBuf::from);
    // pg_config belongs to the client library and names a folder even when no server is installed.
    let newest = newest_in(Path::new("/usr/lib/postgresql"));
    [newest, configured, on_path].into_iter().flatten().find(|folder| is_server(folder))
}

fn newest_in(versions: &Path) -> Option<PathBuf> {
    let found = versions.read_dir().ok()?.flatten();
    let numbered = found.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())));
    numbered
        .map(|(version, path)| (version, path.join("bin")))
        .filter(|(_, bin)| is_server(bin))
        .max()
        .map(|(_, bin)| bin)
}

fn is_server(folder: &Path) -> bool {
    ["initdb", "postgres", "pg_ctl"].iter().all(|program| process::is_program(&folder.join(program)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_newest_version_with_a_server_wins() {
        let root = tempfile::tempdir().expect("a temporary folder");
        for version in ["9", "15"] {
            let bin = root.path().join(version).join("bin");
            std::fs::create_dir_all(&bin).expect("creates");
            for program in ["initdb", "postgres", "pg_ctl"] {
                std::fs::write(bin.join(program), "").expect("writes");
                let executable = std::fs::Permissions::from_mode(0o755);
                std::fs::set_permissions(bin.join(program), executable).expect("sets the mode");
            }
        }
        // A client alone, which is newer.
        std::fs::create_dir_all(root.path().join("17/bin")).expect("creates");
        assert_eq!(newest_in(root.path()), Some(root.path().join("15/bin")));
    }
}
