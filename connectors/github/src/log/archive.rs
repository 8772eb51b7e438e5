//! The archive of a run's logs, which comes from outside and may be anything.
//!
//! Its names are labels and never paths; nothing is written. What it inflates to is never in memory as a whole.

use std::io::{self, Cursor, Read};

use zip::ZipArchive;

use super::tail::{Tail, Wanted, tail};

/// The most bytes of an archive, as it comes.
pub(crate) const MAX_ARCHIVE: u64 = 24 * 1024 * 1024;
/// The most entries of one. The largest run has 256 jobs of a matrix, or some more, with some 30 steps each.
const MAX_ENTRIES: usize = 20_000;
/// The most bytes that one entry inflates to.
const MAX_ENTRY: u64 = 64 * 1024 * 1024;
/// The most bytes that all entries that are read inflate to.
const MAX_INFLATED: u64 = 256 * 1024 * 1024;

/// Where an entry belongs, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// `{job}/{number}_{step}.txt`
    Step { job: String, number: u64, name: String },
    /// `{number}_{job}.txt`: all of a job's steps.
    Job { job: String },
}

/// An archive, with what may still be inflated.
pub(crate) struct Archive {
    zip: ZipArchive<Cursor<Vec<u8>>>,
    entries: Vec<(usize, Entry)>,
    left: u64,
}

impl Archive {
    /// Opens an archive.
    ///
    /// # Errors
    /// In words, when it is none or has too many entries.
    pub(crate) fn open(bytes: Vec<u8>) -> Result<Self, String> {
        // The directory is not believed about its length: each of its entries has this mark, and takes memory.
        let marks = bytes.windows(4).filter(|window| *window == b"PK\x01\x02").count();
        if marks > MAX_ENTRIES {
            return Err(format!("the archive of logs has more than {MAX_ENTRIES} entries"));
        }
        let zip =
            ZipArchive::new(Cursor::new(bytes)).map_err(|error| format!("the archive of logs is none: {error}"))?;
        let entries = (0..zip.len()).filter_map(|index| {
            let name = zip.name_for_index(index)?.ok()?;
            Some((index, Entry::of(&name)?))
        });
        Ok(Self { entries: entries.collect(), zip, left: MAX_INFLATED })
    }

    /// What is in it, with an index for [`tail`](Self::tail).
    pub(crate) fn entries(&self) -> &[(usize, Entry)] {
        &self.entries
    }

    /// The end of an entry.
    ///
    /// # Errors
    /// In words, when it can't be read or inflates to too much.
    pub(crate) fn tail(&mut self, index: usize, wanted: Wanted, most: usize) -> Result<Tail, String> {
        let unreadable = |error: &dyn std::fmt::Display| format!("the log can't be read: {error}");
        let entry = self.zip.by_index(index).map_err(|error| unreadable(&error))?;
        let allowed = self.left.min(MAX_ENTRY);
        let mut log = Limited { inner: entry, left: allowed, exceeded: false };
        let tail = tail(&mut log, wanted, most);
        let exceeded = log.exceeded;
        self.left -= allowed - log.left;
        match tail {
            _ if exceeded && allowed < MAX_ENTRY => {
                Err(format!("the logs together are larger than {MAX_INFLATED} bytes: ask for one job"))
            }
            _ if exceeded => Err(format!("the log is larger than {MAX_ENTRY} bytes")),
            tail => tail.map_err(|error| unreadable(&error)),
        }
    }
}

impl Entry {
    fn of(name: &str) -> Option<Self> {
        let numbered = |name: &str| {
            let (number, rest) = name.strip_suffix(".txt")?.split_once('_')?;
            // An older service counts down from -1.
            let number: i64 = number.parse().ok()?;
            Some((number.unsigned_abs(), rest.to_owned()))
        };
        match name.split_once('/') {
            None => numbered(name).map(|(_, job)| Self::Job { job }),
            Some((job, step)) => numbered(step).map(|(number, name)| Self::Step { job: job.to_owned(), number, name }),
        }
    }
}

/// A reader that ends with an error rather than quietly where the limit is.
struct Limited<R> {
    inner: R,
    left: u64,
    exceeded: bool,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                (self.left, self.exceeded) = (0, true);
                return Err(io::Error::other("it is too large"));
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;

    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::*;

    const WANTED: Wanted = Wanted { lines: 2, timestamps: false, colors: false };

    /// An archive of these files.
    pub(crate) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer.start_file(*name, SimpleFileOptions::default()).expect("starts");
            writer.write_all(content).expect("writes");
        }
        writer.finish().expect("finishes").into_inner()
    }

    fn step(job: &str, number: u64, name: &str) -> Entry {
        Entry::Step { job: job.to_owned(), number, name: name.to_owned() }
    }

    #[test]
    fn entries_say_by_their_names_where_they_belong() {
        let bytes = archive(&[
            ("0_build.txt", b"all"),
            ("-1_old.txt", b""),
            ("build/1_Set up job.txt", b"1\n2\n3\n"),
            ("build/12_a_b.txt", b""),
            ("build/system.txt", b"not a step"),
            ("../../etc/1_passwd.txt", b"a name and no path"),
            ("readme.md", b""),
        ]);
        let mut archive = Archive::open(bytes).expect("opens");
        let entries: Vec<_> = archive.entries().iter().map(|(_, entry)| entry.clone()).collect();
        let expected = [
            Entry::Job { job: "build".to_owned() },
            Entry::Job { job: "old".to_owned() },
            step("build", 1, "Set up job"),
            step("build", 12, "a_b"),
        ];
        assert_eq!(entries, expected);
        let (index, _) = archive.entries()[2];
        let tail = archive.tail(index, WANTED, 100).expect("is read");
        assert_eq!((tail.text().as_str(), tail.omitted), ("2\n3\n", 1));
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        for bytes in [&b""[..], b"PK", b"<html>", b"PK\x05\x06"] {
            assert!(Archive::open(bytes.to_vec()).is_err());
        }
        let mut cut = archive(&[("0_build.txt", b"all")]);
        cut.truncate(cut.len() - 30);
        assert!(Archive::open(cut).is_err());
    }

    #[test]
    fn an_entry_that_is_damaged_is_an_error_of_its_own() {
        let mut bytes = archive(&[("0_a.txt", b"hello hello hello hello"), ("1_b.txt", b"fine")]);
        let at = bytes.windows(7).position(|window| window == b"0_a.txt").expect("is there") + 8;
        bytes[at..at + 4].copy_from_slice(&[0xff; 4]);
        let mut archive = Archive::open(bytes).expect("opens");
        assert!(archive.tail(0, WANTED, 100).is_err());
        assert_eq!(archive.tail(1, WANTED, 100).expect("is read").text(), "fine\n");
    }

    #[test]
    fn entries_are_counted_before_they_are_read() {
        let mut bytes = b"PK\x01\x02".repeat(MAX_ENTRIES);
        assert!(Archive::open(bytes.clone()).is_err_and(|error| error.contains("is none")));
        bytes.extend(b"PK\x01\x02");
        assert!(Archive::open(bytes).is_err_and(|error| error.contains("20000 entries")));
    }

    #[test]
    fn what_inflates_too_far_is_told_without_being_kept() {
        let size = |bytes: u64| usize::try_from(bytes).expect("fits");
        let line = |bytes: u64| {
            let mut content = vec![b'x'; size(bytes)];
            content[size(bytes) - 2] = b'\n';
            content
        };
        let most = line(MAX_ENTRY);
        let mut files: Vec<(String, &[u8])> = (0..4).map(|n| (format!("{n}_job.txt"), most.as_slice())).collect();
        let more = line(MAX_ENTRY + 1);
        files.push(("5_large.txt".to_owned(), &more));
        files.push(("6_small.txt".to_owned(), b"small"));
        let files: Vec<_> = files.iter().map(|(name, content)| (name.as_str(), *content)).collect();
        let bytes = archive(&files);
        assert!(bytes.len() < 1024 * 1024);

        let mut archive = Archive::open(bytes.clone()).expect("opens");
        let refused = archive.tail(4, WANTED, 100).expect_err("is too large");
        assert!(refused.contains("larger than 67108864 bytes"), "{refused}");

        let mut archive = Archive::open(bytes).expect("opens");
        for index in 0..4 {
            assert_eq!(archive.tail(index, WANTED, 100).expect("is read").text(), "x\n");
        }
        let refused = archive.tail(5, WANTED, 100).expect_err("nothing is left");
        assert!(refused.contains("together") && refused.contains("ask for one job"), "{refused}");
    }
}
