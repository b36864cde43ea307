#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""talk.py - who serves and who asks, on both sides of the cable

usage: talk.py serve ADDRESS			echoes, at port 4000
       talk.py send ADDRESS BYTES		there and back, and compared
       talk.py many ADDRESS COUNT		connections that are open at once
"""
import asyncio
import random
import socket
import sys
import threading

PORT = 4000


async def echo(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()
    except OSError:
        pass


async def serve(address):
    server = await asyncio.start_server(echo, address, PORT, backlog=1000)
    print("ready", flush=True)
    await server.serve_forever()


def send(address, count):
    out = random.Random(1).randbytes(count)
    c = socket.create_connection((address, PORT), 120)
    t = threading.Thread(target=lambda: (c.sendall(out), c.shutdown(socket.SHUT_WR)))
    t.start()
    got = bytearray()
    while data := c.recv(65536):
        got += data
    t.join()
    assert got == out, (len(got), len(out))


async def one(address, number, there, go):
    reader, writer = await asyncio.open_connection(address, PORT)
    there.release()
    await go.wait()
    writer.write(b"%d\n" % number)
    assert await reader.readline() == b"%d\n" % number
    writer.close()


async def many(address, count):
    there, go, room = asyncio.Semaphore(0), asyncio.Event(), asyncio.Semaphore(100)

    async def limited(number):
        async with room:
            pass
        await one(address, number, there, go)

    tasks = [asyncio.create_task(limited(n)) for n in range(count)]
    for _ in range(count):
        await there.acquire()
    go.set()
    await asyncio.gather(*tasks)


def main():
    what, address = sys.argv[1:3]
    number = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    if what == "send":
        send(address, number)
    else:
        asyncio.run(serve(address) if what == "serve" else many(address, number))


main()
