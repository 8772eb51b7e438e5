//! What the binary can be told to do.

mod assemble;
mod connector;
mod database_url;
mod mail;
mod mcp;
mod migrate;
mod operator;
mod owner;
mod secrets;
mod serve;
mod shutdown;
mod sign_in;
mod terminal;
mod tokens;
mod user;

use std::net::SocketAddr;
use std::path::PathBuf;

use bulkhead_kernel::id::ProjectId;
use clap::{Parser, Subcommand};

use crate::config::{Config, LogFormat};
use crate::connections::CLIENTS_VARIABLE;
use crate::registry::{PASSWORD_VARIABLE, USER_VARIABLE};
use crate::vault::KEYS_VARIABLE;

/// What is read from the environment and has no flag: every process of the machine can read a command line, and most of
/// this is secret.
fn environment() -> String {
    let variables = [
        (KEYS_VARIABLE, "The vault's keys, as in its key file, in the place of [vault] key_file"),
        (CLIENTS_VARIABLE, "OAuth clients as JSON, in the place of [connections] clients_file"),
        (USER_VARIABLE, "The user at registries of connectors, before what `docker login` wrote"),
        (PASSWORD_VARIABLE, "Their password or token"),
        ("SPIN_VARIABLE_<NAME>", "A variable of the functions' manifest, below [edge.variables]"),
    ];
    let width = variables.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let lines = variables.map(|(name, what)| format!("  {name:width$}  {what}"));
    format!("Environment variables without a flag:\n{}", lines.join("\n"))
}

/// Safe access to a team's DevOps tools, for AI agents and people.
#[derive(Debug, Parser)]
#[command(name = "bulkhead", version, about, after_help = environment())]
pub struct Cli {
    #[command(flatten)]
    overrides: Overrides,
    #[command(subcommand)]
    command: Command,
}

/// What can be set without a file. See bulkhead.example.toml for everything else.
#[derive(Debug, clap::Args)]
struct Overrides {
    /// The configuration file.
    #[arg(long, global = true, env = "BULKHEAD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:3000]
    #[arg(long, global = true, env = "BULKHEAD_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Where everything that is kept lives [default: .bulkhead]
    #[arg(long, global = true, env = "BULKHEAD_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// sqlite:PATH or postgres://... [default: SQLite in the data directory]
    #[arg(long, global = true, env = "BULKHEAD_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,
    /// The functions' manifest [default: spin.toml]
    #[arg(long, global = true, env = "BULKHEAD_MANIFEST", value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// The folder of connectors [default: dist/connectors]
    #[arg(long, global = true, env = "BULKHEAD_CONNECTORS", value_name = "DIR")]
    connectors: Option<PathBuf>,
    /// How clients reach this host [default: http://<listen>]
    #[arg(long, global = true, env = "BULKHEAD_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// How logs look [default: pretty]
    #[arg(long, global = true, env = "BULKHEAD_LOG_FORMAT")]
    log_format: Option<LogFormat>,
    /// Which logs, such as info,mcp_host=debug [default: info,rmcp=warn]
    #[arg(long, global = true, env = "BULKHEAD_LOG", value_name = "FILTER")]
    log: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything on one port: MCP, the functions, SQLite in the data directory.
    Up,
    /// The MCP host alone, beside functions that run on Spin.
    Serve,
    /// An MCP server over standard input and output.
    Mcp {
        /// The project whose connected accounts calls may use where their user has connected none
        #[arg(long, value_name = "ID")]
        project: Option<ProjectId>,
    },
    /// Brings the database up to date, and makes the first owner when there is none.
    Migrate,
    /// People: a link to choose a password with.
    #[command(subcommand)]
    User(user::Command),
    /// The secrets that connectors are given outside of the sandbox.
    #[command(subcommand)]
    Secrets(secrets::Command),
    /// The keys that access tokens are signed with.
    #[command(subcommand)]
    Tokens(tokens::Command),
    /// Connectors: what they ask for, adding, approving and removing them.
    #[command(subcommand)]
    Connector(connector::Command),
}

impl Cli {
    /// Does what the command line says, on threads of its own. (It waits here, because code that waits is compiled where
    /// somebody waits for it: in the binary all of the host was compiled again.)
    ///
    /// # Errors
    /// Whatever keeps it from being done, in words for whoever typed it.
    pub fn run(self) -> anyhow::Result<()> {
        tokio::runtime::Runtime::new()?.block_on(self.do_it())
    }

    async fn do_it(self) -> anyhow::Result<()> {
        let config = self.overrides.apply()?;
        crate::observability::start_logging(&config.log)?;
        match self.command {
            Command::Up => serve::run(config, serve::Functions::Embedded).await,
            Command::Serve => serve::run(config, serve::Functions::Elsewhere).await,
            Command::Mcp { project } => mcp::run(config, project).await,
            Command::Migrate => migrate::run(config).await,
            Command::User(command) => command.run(config).await,
            Command::Secrets(command) => command.run(config).await,
            Command::Tokens(command) => command.run(&config),
            Command::Connector(command) => command.run(config).await,
        }
    }
}

impl Overrides {
    fn apply(self) -> anyhow::Result<Config> {
        let mut config = Config::read(self.config.as_deref())?;
        fn set<T>(target: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *target = value;
            }
        }
        set(&mut config.listen, self.listen);
        set(&mut config.data_dir, self.data_dir);
        set(&mut config.manifest, self.manifest);
        set(&mut config.connectors_dir, self.connectors);
        set(&mut config.log.format, self.log_format);
        set(&mut config.log.filter, self.log);
        config.database_url = self.database_url.or(config.database_url);
        config.public_url = self.public_url.or(config.public_url);
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_help_lists_every_variable_and_true_defaults() {
        for help in [Cli::command().render_help(), Cli::command().render_long_help()] {
            // However wide it is.
            let help = help.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
            for variable in [
                "BULKHEAD_CONFIG",
                "BULKHEAD_LISTEN",
                "BULKHEAD_DATA_DIR",
                "BULKHEAD_DATABASE_URL",
                "BULKHEAD_MANIFEST",
                "BULKHEAD_CONNECTORS",
                "BULKHEAD_PUBLIC_URL",
                "BULKHEAD_LOG_FORMAT",
                "BULKHEAD_LOG",
                "BULKHEAD_VAULT_KEYS",
                "BULKHEAD_OAUTH_CLIENTS",
                "BULKHEAD_REGISTRY_USER",
                "BULKHEAD_REGISTRY_PASSWORD",
                "SPIN_VARIABLE_<NAME>",
            ] {
                let is_named =
                    help.split(|c: char| c.is_whitespace() || "[]=".contains(c)).any(|word| word == variable);
                assert!(is_named, "{variable} is not in:\n{help}");
            }
            let Config { listen, data_dir, manifest, connectors_dir, log, .. } = Config::default();
            let paths = [data_dir, manifest, connectors_dir].map(|path| path.display().to_string());
            for default in paths.into_iter().chain([listen.to_string(), "pretty".to_owned(), log.filter]) {
                assert!(help.contains(&format!("[default: {default}]")), "{default} is not in:\n{help}");
            }
            assert_eq!(log.format, LogFormat::Pretty);
        }
    }
}
