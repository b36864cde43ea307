#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""s3server.py PORTFILE - as much of S3 as s3fs asks of one bucket, in memory

Debian 12 has no small server: its rclone is older than "rclone serve s3", and
Ceph and Swift are many services each. Who asks is not checked. GET /?dump tells
the keys and sizes."""
import hashlib
import http.server
import os
import sys
import threading
import urllib.parse
from xml.sax.saxutils import escape

BUCKET = "/bucket"
KEPT = ("x-amz-meta-", "content-type")
OBJECTS = {}
LOCK = threading.Lock()
STAMP = "Sat, 21 Nov 2026 12:00:00 GMT"


class Object:
    def __init__(self, data, headers):
        self.data = data
        self.etag = '"%s"' % hashlib.md5(data).hexdigest()
        self.headers = {k.lower(): v for k, v in headers.items()
                        if k.lower().startswith(KEPT)}


def listing(query):
    """Keys with a prefix, those with a delimiter behind it folded."""
    prefix = query.get("prefix", "")
    delimiter = query.get("delimiter", "")
    most = int(query.get("max-keys", 1000))
    names = {}
    with LOCK:
        for key in sorted(OBJECTS):
            if not key.startswith(prefix) or key <= query.get("marker", ""):
                continue
            end = key.find(delimiter, len(prefix)) if delimiter else -1
            if end >= 0:
                names[key[:end + 1]] = None
            else:
                names[key] = OBJECTS[key]
    shown = list(names)[:most]
    out = ["<?xml version='1.0'?><ListBucketResult><Name>bucket</Name>"
           "<Prefix>%s</Prefix><MaxKeys>%d</MaxKeys><IsTruncated>%s"
           "</IsTruncated>" % (escape(prefix), most,
                               str(len(shown) < len(names)).lower())]
    if len(shown) < len(names):
        out.append("<NextMarker>%s</NextMarker>" % escape(shown[-1]))
    for name in shown:
        o = names[name]
        if o is None:
            out.append("<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>"
                       % escape(name))
        else:
            out.append("<Contents><Key>%s</Key><Size>%d</Size><ETag>%s</ETag>"
                       "<LastModified>2026-11-21T12:00:00.000Z</LastModified>"
                       "</Contents>" % (escape(name), len(o.data),
                                        escape(o.etag)))
    return "".join(out + ["</ListBucketResult>"]).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def split(self):
        path, _, query = self.path.partition("?")
        key = urllib.parse.unquote(path)
        query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        return key[len(BUCKET) + 1:], query

    def answer(self, code, body=b"", headers=None, length=None):
        self.send_response(code)
        self.send_header("Last-Modified", STAMP)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length",
                         str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        key, query = self.split()
        if "dump" in query:
            with LOCK:
                self.answer(200, "".join(
                    "%s %d\n" % (k, len(o.data))
                    for k, o in sorted(OBJECTS.items())).encode())
            return
        if not key:
            self.answer(200, listing(query))
            return
        with LOCK:
            o = OBJECTS.get(key)
        if not o:
            self.answer(404)
            return
        data, code, headers = o.data, 200, dict(o.headers, ETag=o.etag)
        span = self.headers.get("Range")
        if span and self.command == "GET":
            first, _, last = span.partition("=")[2].partition("-")
            headers["Content-Range"] = "bytes %s-%s/%d" % (first, last,
                                                           len(data))
            data, code = data[int(first):int(last) + 1], 206
        self.answer(code, data, headers,
                    len(o.data) if self.command == "HEAD" else None)

    do_HEAD = do_GET

    def do_PUT(self):
        key, _ = self.split()
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        source = self.headers.get("x-amz-copy-source")
        with LOCK:
            if source:
                name = urllib.parse.unquote(source).lstrip("/")
                old = OBJECTS.get(name[len(BUCKET):])
                data = old.data if old else None
            if data is not None:
                OBJECTS[key] = Object(data, self.headers)
        if data is None:
            self.answer(404)
            return
        etag = OBJECTS[key].etag
        self.answer(200, b"<CopyObjectResult><ETag>%s</ETag>"
                    b"</CopyObjectResult>" % etag.encode() if source else b"",
                    {"ETag": etag})

    def do_DELETE(self):
        with LOCK:
            OBJECTS.pop(self.split()[0], None)
        self.answer(204)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with open(sys.argv[1] + ".new", "w") as f:
        f.write("%d\n" % server.server_address[1])
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    server.serve_forever()


main()
