"""The tiny app on the AsyncServer of python-socketio, for uvicorn (see peers.py)."""

import socketio

sio = socketio.AsyncServer(async_mode="asgi", logger=False, engineio_logger=False)


async def hello(scope, receive, send):
    if scope["type"] == "http":
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"text/html"), (b"content-length", b"5")],
            }
        )
        await send({"type": "http.response.body", "body": b"hello"})


app = socketio.ASGIApp(sio, other_asgi_app=hello)


@sio.event
async def echo(sid, data):
    return data


@sio.event
async def bounce(sid, data):
    await sio.emit("bounced", data, to=sid)


@sio.event
async def shout(sid, data):
    await sio.emit("shouted", data)


@sio.event
async def join(sid, room):
    await sio.enter_room(sid, room)


@sio.event
async def room(sid, room_and_data):
    name, data = room_and_data
    await sio.emit("roomed", data, to=name)
