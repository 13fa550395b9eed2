//! Echo server on tokio's current-thread runtime.

#[path = "../common.rs"]
mod common;

use std::io::Write;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, UnixListener};

async fn serve(mut peer: impl AsyncRead + AsyncWrite + Unpin, size: usize) {
    let mut buffer = vec![0u8; size];
    loop {
        match peer.read(&mut buffer).await {
            Ok(got) if got > 0 => {
                if peer.write_all(&buffer[..got]).await.is_err() {
                    return;
                }
            }
            _ => return,
        }
    }
}

fn announce(port: u16) {
    println!("ready port={}", port);
    std::io::stdout().flush().unwrap();
}

async fn serve_tcp(port: u16, size: usize) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(([127, 0, 0, 1], port).into())?;
    let listener: TcpListener = socket.listen(4096)?;
    announce(listener.local_addr()?.port());
    loop {
        let (peer, _) = listener.accept().await?;
        peer.set_nodelay(true)?;
        tokio::spawn(serve(peer, size));
    }
}

async fn serve_local(path: String, size: usize) -> std::io::Result<()> {
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    announce(0);
    loop {
        let (peer, _) = listener.accept().await?;
        tokio::spawn(serve(peer, size));
    }
}

fn main() -> std::io::Result<()> {
    common::end_after(common::option("lifetime", 120));
    common::raise_descriptor_limit();
    let size = common::option("size", 64usize).max(4096);
    let path = common::option("path", String::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if path.is_empty() {
        runtime.block_on(serve_tcp(common::option("port", 0), size))
    } else {
        runtime.block_on(serve_local(path, size))
    }
}
