//! A PostgreSQL server that exists only while the tests run.
//!
//! A supervising shell creates the cluster in a temporary folder, starts it, and reads from a pipe whose other end this
//! process holds. When the pipe closes it stops the server and removes the folder: at the end, on an error, after
//! Ctrl-C, and even after `kill -9`, where nothing here could run. Because one script does it all in order, it can't be
//! interrupted between making something and being ready to remove it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

use crate::process;

/// Speed over safety: what is lost when the machine loses power is thrown away anyway. How transactions behave, and
/// what a client sees of a server that is restarted, is as in production.
const SETTINGS: [&str; 6] = [
    "fsync=off",
    "full_page_writes=off",
    "max_connections=300",
    "timezone=UTC",
    "listen_addresses=127.0.0.1",
    "jit=off",
];

/// Arguments: the folder of the programs, the temporary folder, the server's options.
const SUPERVISOR: &str = r#"
programs=$1 folder=$2 options=$3
if "$programs/initdb" -D "$folder/data" --username=postgres --pwfile="$folder/password" --auth=scram-sha-256 \
        --encoding=UTF8 --locale=C --no-sync > "$folder/log" 2>&1 &&
    "$programs/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 60 -o "$options" start > /dev/null 2>&1
then state=started
else state=failed
fi
# Whoever waited for the word may be gone, and the signal about that would end this script too early.
trap '' PIPE
echo $state 2> /dev/null
cat > /dev/null
"$programs/pg_ctl" -D "$folder/data" -m immediate stop > /dev/null 2>&1
rm -rf "$folder"
"#;

/// A running server. Dropping it stops it and removes its files.
pub(super) struct Cluster {
    supervisor: Child,
    url: String,
}

impl Cluster {
    /// Creates and starts a cluster with the programs in this folder.
    ///
    /// # Errors
    /// When it can't; the error carries the server's log.
    pub(super) fn start(programs: &Path) -> anyhow::Result<Self> {
        let account = Account::for_server()?;
        let folder = tempfile::Builder::new().prefix("bulkhead-postgres-").tempdir()?.keep();
        let (password, port) = (password()?, free_port()?);
        fs::write(folder.join("password"), &password).context("can't write the password")?;
        account.give(&folder.join("password"))?;
        account.give(&folder)?;
        let mut options = format!("-p {port} -k {}", folder.display());
        SETTINGS.iter().for_each(|setting| options.push_str(&format!(" -c {setting}")));

        let supervisor = account
            .command("sh", &folder)
            .args(["-c", SUPERVISOR, "supervisor"])
            .args([programs, folder.as_path()])
            .arg(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C goes to the terminal's process group. The supervisor has to outlive it.
            .process_group(0)
            .spawn()
            .context("can't start the supervisor of PostgreSQL")?;
        let url = format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres");
        let mut cluster = Self { supervisor, url };

        let mut word = String::new();
        BufReader::new(cluster.supervisor.stdout.take().context("standard output is piped")?).read_line(&mut word)?;
        if word.trim() != "started" {
            bail!("PostgreSQL does not start:\n{}", fs::read_to_string(folder.join("log")).unwrap_or_default());
        }
        Ok(cluster)
    }

    /// The superuser's URL, database `postgres`. Tests create databases of their own.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        // Nothing to do about a failure here: the folder is in the system's temporary folder.
        let _ = self.supervisor.wait();
    }
}

/// Who runs the server. PostgreSQL refuses to run as root.
struct Account(Option<(u32, u32)>);

impl Account {
    fn for_server() -> anyhow::Result<Self> {
        if id("-u", None)? != 0 {
            return Ok(Self(None));
        }
        for name in ["postgres", "nobody"] {
            if let (Ok(user), Ok(group)) = (id("-u", Some(name)), id("-g", Some(name))) {
                return Ok(Self(Some((user, group))));
            }
        }
        bail!("PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody` to run it")
    }

    fn give(&self, path: &Path) -> anyhow::Result<()> {
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        match self.0 {
            Some((user, group)) => {
                chown(path, Some(user), Some(group)).with_context(|| format!("can't give away {}", path.display()))
            }
            None => Ok(()),
        }
    }

    /// A command as this user, in a folder that this user may enter.
    fn command(&self, program: impl Into<PathBuf>, folder: &Path) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(folder);
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }
}

fn id(what: &str, name: Option<&str>) -> anyhow::Result<u32> {
    let text = process::output(Command::new("id").arg(what).args(name))?;
    text.parse().with_context(|| format!("`id {what}` printed {text:?}"))
}

/// Other users of the machine can reach the port, and a superuser can run programs.
fn password() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).context("no randomness")?;
    Ok(hex::encode(bytes))
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;
    use crate::provision::postgres::server_programs;

    #[test]
    fn a_server_that_does_not_start_says_so() {
        let Err(error) = Cluster::start(Path::new("/no/such/folder")) else { panic!("started from nothing") };
        assert!(format!("{error:#}").contains("PostgreSQL does not start"), "{error:#}");
    }

    #[test]
    fn a_cluster_answers_and_leaves_nothing_behind() {
        let programs = server_programs().expect("`cargo xtask provision` has installed PostgreSQL");
        let cluster = Cluster::start(&programs).expect("starts");
        let url = cluster.url().to_owned();
        let query = |sql: &str| process::output(Command::new(programs.join("psql")).args([&url, "-Atc", sql]));
        assert_eq!(query("SHOW fsync").expect("answers"), "off");
        let data = PathBuf::from(query("SHOW data_directory").expect("answers"));

        drop(cluster);
        assert!(!data.parent().expect("is in a folder").exists());
        let address = url.split(['@', '/']).find(|part| part.starts_with("127.0.0.1:")).expect("names the port");
        assert!(TcpStream::connect(address).is_err(), "the server still listens");
    }
}
