//! Compiled components on disk, so that a component is compiled once and not at every start.
//!
//! Compiling takes seconds and much memory; mapping a compiled file takes milliseconds. Machine code from a file is
//! trusted code, so the folder is private to the user (0700), a file is named after the SHA-256 of the component and
//! of the engine that compiled it, and its own SHA-256 stands beside it and is checked before it is mapped. A file
//! that does not match is compiled again.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Why a component could not be compiled or its compiled form not be kept.
#[derive(Debug, thiserror::Error)]
pub enum CompileCacheError {
    /// The folder can't be created or is not private.
    #[error("the folder for compiled components {path} can't be used: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The bytes are not a component that this engine can run.
    #[error("not a WebAssembly component that can run here: {0}")]
    Component(String),
}

/// A folder of compiled components.
#[derive(Clone, Debug)]
pub struct CompileCache {
    folder: PathBuf,
}

impl CompileCache {
    /// Opens the folder, creating it readable by this user only.
    ///
    /// # Errors
    /// When it can't be created or its permissions not be set.
    pub fn new(folder: impl Into<PathBuf>) -> Result<Self, CompileCacheError> {
        let folder = folder.into();
        create_private(&folder).map_err(|source| CompileCacheError::Folder { path: folder.clone(), source })?;
        Ok(Self { folder })
    }

    /// The component compiled for this engine, from the folder or compiled now and kept there.
    ///
    /// A compiled form that can't be written is only logged: the component still runs.
    ///
    /// # Errors
    /// When the bytes are not a component that this engine accepts.
    pub fn load(&self, engine: &Engine, bytes: &[u8]) -> Result<Component, CompileCacheError> {
        let digest = sha256(bytes);
        self.find(engine, &digest, None).map_or_else(|| self.compile(engine, &digest, bytes, None), Ok)
    }

    /// What was kept of the component with this SHA-256, or of what it was changed to before it was compiled: `variant`
    /// names the change.
    #[must_use]
    pub fn find(&self, engine: &Engine, digest: &str, variant: Option<&str>) -> Option<Component> {
        read(engine, &self.path(engine, digest, variant))
    }

    /// Whether something was kept; not whether it is sound.
    #[must_use]
    pub fn has(&self, engine: &Engine, digest: &str, variant: Option<&str>) -> bool {
        digest_path(&self.path(engine, digest, variant)).is_file()
    }

    /// Compiles the component with this SHA-256 and keeps it: the component itself, or what it was changed to.
    ///
    /// # Errors
    /// When it is not a component that this engine accepts.
    pub fn compile(
        &self,
        engine: &Engine,
        digest: &str,
        compiled: &[u8],
        variant: Option<&str>,
    ) -> Result<Component, CompileCacheError> {
        compile(engine, compiled, &self.path(engine, digest, variant))
    }

    /// Something that was found out about a component, under a name that says what it depends on.
    #[must_use]
    pub fn note(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.folder.join(format!("{name}.json"))).ok()
    }

    /// Keeps what was found out.
    pub fn keep_note(&self, name: &str, text: &str) {
        let path = self.folder.join(format!("{name}.json"));
        if let Err(error) = write_atomically(&path, text.as_bytes()) {
            let path = path.display();
            tracing::warn!(%path, %error, "what was found out can't be kept; it is found out again at the next start");
        }
    }

    fn path(&self, engine: &Engine, digest: &str, variant: Option<&str>) -> PathBuf {
        let suffix = variant.map(|variant| format!("-{variant}")).unwrap_or_default();
        self.folder.join(format!("{}{suffix}.cwasm", key(engine, digest)))
    }
}

/// SHA-256, in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn compile(engine: &Engine, bytes: &[u8], path: &Path) -> Result<Component, CompileCacheError> {
    let component =
        Component::from_binary(engine, bytes).map_err(|error| CompileCacheError::Component(format!("{error:#}")))?;
    let kept = component.serialize().map_err(std::io::Error::other).and_then(|code| {
        // The digest goes last: a file without one is not read, so a crash in between costs a compilation only.
        write_atomically(path, &code)?;
        write_atomically(&digest_path(path), sha256(&code).as_bytes())
    });
    match kept {
        // Mapped, the code takes no memory of this process's own, in its first run as in all later ones.
        Ok(()) => Ok(read(engine, path).unwrap_or(component)),
        Err(error) => {
            let path = path.display();
            tracing::warn!(%path, %error, "a compiled component can't be kept; it is compiled again at the next start");
            Ok(component)
        }
    }
}

/// What identifies machine code: the component, and everything in the engine that shapes its code.
fn key(engine: &Engine, digest: &str) -> String {
    let mut compatibility = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut compatibility);
    format!("{digest}-{:016x}", compatibility.finish())
}

fn read(engine: &Engine, path: &Path) -> Option<Component> {
    let code = fs::read(path).ok()?;
    let expected = fs::read_to_string(digest_path(path)).ok()?;
    if sha256(&code) != expected.trim() {
        tracing::warn!(path = %path.display(), "a compiled component was damaged; it is compiled again");
        return None;
    }
    drop(code);
    #[expect(unsafe_code, reason = "mapping compiled code is the point of the cache")]
    // SAFETY: the file must be unmodified output of `Component::serialize`. It is written only above, into a folder
    // that only this user can write to, and its SHA-256 has just been found equal to the one stored when it was
    // written. Whoever could change both files could as well change this program. Wasmtime itself refuses code of
    // another version or configuration.
    let component = unsafe { Component::deserialize_file(engine, path) };
    component
        .inspect_err(|error| tracing::warn!(path = %path.display(), %error, "a compiled component can't be used; it is compiled again"))
        .ok()
}

fn digest_path(path: &Path) -> PathBuf {
    path.with_extension("cwasm.sha256")
}

fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // The process id keeps two processes that start at once from writing the same file.
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let mut file = fs::File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

#[cfg(unix)]
fn create_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn create_private(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest component there is.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("readable").map(|entry| entry.expect("an entry").path());
        entries.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
    }

    #[test]
    fn a_component_is_compiled_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let (cache, engine) = (CompileCache::new(folder.path().join("cache")).expect("opens"), Engine::default());
        cache.load(&engine, EMPTY).expect("compiles");
        let code = files(&cache.folder, "cwasm").pop().expect("is kept");
        let written = fs::metadata(&code).and_then(|data| data.modified()).expect("a time");
        cache.load(&engine, EMPTY).expect("loads");
        assert_eq!(fs::metadata(&code).and_then(|data| data.modified()).expect("a time"), written);
        assert_eq!(files(&cache.folder, "cwasm").len(), 1);
        assert!(files(&cache.folder, "tmp").is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_was_just_compiled_is_mapped() {
        let folder = tempfile::tempdir().expect("a folder");
        let (cache, engine) = (CompileCache::new(folder.path()).expect("opens"), Engine::default());
        let _component = cache.load(&engine, EMPTY).expect("compiles");
        let code = files(folder.path(), "cwasm").pop().expect("is kept");
        let mapped = fs::read_to_string("/proc/self/maps").expect("Linux tells");
        assert!(mapped.contains(code.to_str().expect("a path")), "{mapped}");
    }

    #[test]
    fn damaged_code_is_never_mapped_but_compiled_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let (cache, engine) = (CompileCache::new(folder.path()).expect("opens"), Engine::default());
        cache.load(&engine, EMPTY).expect("compiles");
        let code = files(folder.path(), "cwasm").pop().expect("is kept");
        let sound = fs::read(&code).expect("readable");
        for damaged in [&sound[..sound.len() / 2], b"", b"something else"] {
            fs::write(&code, damaged).expect("written");
            assert!(read(&engine, &code).is_none());
            cache.load(&engine, EMPTY).expect("compiles again");
            assert!(read(&engine, &code).is_some());
        }
        fs::remove_file(digest_path(&code)).expect("removed");
        assert!(read(&engine, &code).is_none(), "code without a digest is not trusted");
    }

    #[test]
    fn engines_that_differ_do_not_share_code() {
        let mut config = wasmtime::Config::new();
        config.epoch_interruption(true);
        let other = Engine::new(&config).expect("an engine");
        assert_ne!(key(&Engine::default(), "x"), key(&other, "x"));
    }

    #[test]
    fn what_is_no_component_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = CompileCache::new(folder.path()).expect("opens");
        assert!(matches!(cache.load(&Engine::default(), b"text"), Err(CompileCacheError::Component(_))));
        assert!(files(folder.path(), "cwasm").is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("set");
        CompileCache::new(folder.path()).expect("opens");
        assert_eq!(fs::metadata(folder.path()).expect("exists").permissions().mode() & 0o777, 0o700);
    }
}
