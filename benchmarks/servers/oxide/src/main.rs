//! The tiny app on socketioxide, one thread: oxide PORT
use axum::routing::get;
use axum::serve::ListenerExt;
use serde_json::Value;
use socketioxide::{
    extract::{AckSender, Data, SocketRef},
    SocketIo,
};

async fn on_connect(socket: SocketRef) {
    socket.on("echo", async |Data::<Value>(data), ack: AckSender| {
        ack.send(&data).ok();
    });
    socket.on("bounce", async |socket: SocketRef, Data::<Value>(data)| {
        socket.emit("bounced", &data).ok();
    });
    socket.on("shout", async |io: SocketIo, Data::<Value>(data)| {
        io.emit("shouted", &data).await.ok();
    });
    socket.on(
        "join",
        async |socket: SocketRef, Data::<String>(room), ack: AckSender| {
            socket.join(room);
            ack.send(&()).ok();
        },
    );
    socket.on(
        "room",
        async |socket: SocketRef, Data::<Vec<Value>>(room_and_data)| {
            let room = room_and_data[0].as_str().unwrap().to_string();
            socket
                .within(room)
                .emit("roomed", &room_and_data[1])
                .await
                .ok();
        },
    );
}

fn main() {
    let port: u16 = std::env::args().nth(1).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async move {
        let (layer, io) = SocketIo::new_layer();
        io.ns("/", on_connect);
        let app = axum::Router::new()
            .route("/", get(|| async { "hello" }))
            .layer(layer);
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
            .await
            .unwrap();
        let listener = listener.tap_io(|stream| {
            stream.set_nodelay(true).ok();
        });
        axum::serve(listener, app).await.unwrap();
    });
}
