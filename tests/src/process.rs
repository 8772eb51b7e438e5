//! Programs that a scenario starts.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::eventually;
use crate::wait::PATIENCE;

/// A program that runs, and what it has said so far. It is killed when this value is dropped, and
/// what it said is shown when the test failed.
#[derive(Debug)]
pub struct Process {
    child: Child,
    said: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

/// A program that ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub errors: String,
}

impl Process {
    /// Starts it.
    ///
    /// # Panics
    /// When it can't be started.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let (said_here, says) = std::io::pipe().expect("a pipe can be made");
        let says_too = says.try_clone().expect("a pipe can be shared");
        let started = command.stdin(Stdio::null()).stdout(says).stderr(says_too).spawn();
        let child = started.unwrap_or_else(|error| panic!("{command:?} can't be started: {error}"));
        // Or the pipe would stay open for as long as the command is there.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let said = Arc::<Mutex<String>>::default();
        let reader = std::thread::spawn({
            let said = said.clone();
            move || {
                for line in BufReader::new(said_here).lines().map_while(Result::ok) {
                    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                    let _ = writeln!(said, "{line}");
                }
            }
        });
        Self { child, said, reader: Some(reader) }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far.
    #[must_use]
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How it ended, if it has; everything that it said can be read then.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().expect("a child can be waited for")?;
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        Some(status)
    }

    /// Waits for its end.
    pub async fn wait(&mut self) -> ExitStatus {
        eventually("the program ends", async || self.ended()).await
    }

    /// Sends a signal such as `INT`.
    ///
    /// # Panics
    /// When it can't be sent.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "SIG{name} could not be sent");
    }

    /// Ends it as a power failure would.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let said = self.said();
            let from = said.floor_char_boundary(said.len().saturating_sub(8000));
            eprintln!("--- the end of what process {} said:\n{}---", self.id(), &said[from..]);
        }
    }
}

/// Runs a program to its end.
///
/// # Panics
/// When it can't be started, or does not end in time.
pub async fn run(command: &mut Command) -> Ended {
    run_with_input(command, "").await
}

/// Runs a program to its end, with this on its standard input.
///
/// # Panics
/// When it can't be started, or does not end in time.
pub async fn run_with_input(command: &mut Command, input: &str) -> Ended {
    let shown = format!("{command:?}");
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = started.unwrap_or_else(|error| panic!("{shown} can't be started: {error}"));
    let mut stdin = child.stdin.take().expect("standard input is piped");
    let input = input.to_owned();
    // Beside the reading of what it says, or both might wait for each other. It need not read any of this.
    std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = drain(child.stdout.take().expect("standard output is piped"));
    let errors = drain(child.stderr.take().expect("standard error is piped"));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            break status;
        }
        if start.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{shown} does not end; it said:\n{}", errors.join().expect("the reader does not panic"));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let joined = |reader: JoinHandle<String>| reader.join().expect("the reader does not panic");
    Ended { status, output: joined(output), errors: joined(errors) }
}

fn drain(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
