//! A server that does to a client whatever its path says, for `http_conformance`. It is made of sockets and threads,
//! because no HTTP library would break its own rules.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// Starts it on a free port; it ends with the process.
///
/// # Panics
/// When there is no port.
#[must_use]
pub fn start() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A client that goes away is what some cases are about.
            std::thread::spawn(move || drop(serve(client)));
        }
    });
    address
}

fn serve(stream: TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let first = line.trim_end().to_owned();
    let (mut length, mut marked) = (0, String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "x-test" => value.trim().clone_into(&mut marked),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    answer(stream, method, path, &marked, &String::from_utf8_lossy(&body))
}

fn answer(mut stream: TcpStream, method: &str, path: &str, marked: &str, body: &str) -> io::Result<()> {
    match path.split('/').collect::<Vec<_>>().as_slice() {
        ["", "status", status] => whole(&mut stream, status, "", &format!("status {status}")),
        ["", "redirect"] => whole(&mut stream, "302", "location: /echo\r\n", ""),
        ["", "bytes", count] => whole(&mut stream, "200", "", &"x".repeat(count.parse().unwrap_or(0))),
        ["", "endless"] => {
            write!(stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
            loop {
                write!(stream, "3e8\r\n{}\r\n", "x".repeat(1000))?;
            }
        }
        ["", "silent"] => until_the_client_goes(stream),
        ["", "slow-body"] => {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this")?;
            until_the_client_goes(stream)
        }
        ["", "broken"] => write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this"),
        ["", "nonsense"] => write!(stream, "220 this is another protocol\r\n"),
        _ => whole(&mut stream, "200", "x-answer: yes\r\n", &format!("{method} {path} {marked}\n{body}")),
    }
}

fn whole(stream: &mut TcpStream, status: &str, headers: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    write!(stream, "HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

fn until_the_client_goes(mut stream: TcpStream) -> io::Result<()> {
    while stream.read(&mut [0; 100])? > 0 {}
    Ok(())
}
