#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vde_browser.py - Chromium, without a window, uses the pages of a switch

usage: vde_browser.py HOST NODENAME PROFILE

Speaks DevTools' protocol: JSON, each message ended by a NUL, on descriptors 3 and 4.
"""
import json
import os
import select
import subprocess
import sys
import time

host, node, profile = sys.argv[1:4]
theirs_in, to_browser = os.pipe()
from_browser, theirs_out = os.pipe()


def as_3_and_4():
    # Both may be in the way of the other.
    a, b = os.dup2(theirs_in, 13), os.dup2(theirs_out, 14)
    os.dup2(a, 3)
    os.dup2(b, 4)


browser = subprocess.Popen(
    ["chromium", "--headless", "--disable-gpu", "--no-first-run", "--no-sandbox",
     "--disable-dev-shm-usage", f"--user-data-dir={profile}",
     "--remote-debugging-pipe", "about:blank"],
    preexec_fn=as_3_and_4, pass_fds=(3, 4), stdin=subprocess.DEVNULL)
text = b""
number = 0
session = None


def read_message(end):
    global text
    while b"\0" not in text:
        left = end - time.monotonic()
        if left <= 0 or not select.select([from_browser], [], [], left)[0]:
            sys.exit("the browser does not answer")
        more = os.read(from_browser, 65536)
        if not more:
            sys.exit("the browser ended")
        text += more
    message, text = text.split(b"\0", 1)
    return json.loads(message)


def call(method, **params):
    global number
    number += 1
    message = {"id": number, "method": method, "params": params}
    if session:
        message["sessionId"] = session
    os.write(to_browser, json.dumps(message).encode() + b"\0")
    end = time.monotonic() + 60
    while (answer := read_message(end)).get("id") != number:
        pass
    if "error" in answer:
        sys.exit(f"{method}: {answer['error']}")
    return answer["result"]


def value(script):
    return call("Runtime.evaluate", expression=script,
                returnByValue=True)["result"].get("value")


def until(script, want):
    """While a page is being loaded there may be none to ask."""
    end = time.monotonic() + 60
    while (got := value(script)) != want:
        if time.monotonic() > end:
            sys.exit(f"{script}: {got!r}, not {want!r}; page: "
                     f"{value('document.documentElement.outerHTML')!r}")
        time.sleep(0.1)


def check(what, got, want):
    if got != want:
        sys.exit(f"{what}: {got!r}, not {want!r}")


target = next(t["targetId"] for t in call("Target.getTargets")["targetInfos"]
              if t["type"] == "page")
session = call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

call("Page.navigate", url=f"http://admin:secret@{host}/")
until("document.title", node)
check("heading", value("document.querySelector('h1').textContent"), f"VDE switch {node}")
menus = value("[...document.querySelectorAll('nav a')].map(a => a.textContent).join()")
check("menus", menus, "switch,ds,debug,plugin,hash,fstp,port,vlan")
check("style", value("getComputedStyle(document.querySelector('pre')).backgroundColor"),
      "rgb(238, 238, 238)")

value("[...document.querySelectorAll('nav a')].find(a => a.text == 'port').click()")
until("location.pathname", "/port")
until("document.readyState", "complete")
result = "document.querySelector('h2')?.textContent"
for argument, answer in (("9", "Success"), ("9999999", "Invalid argument"),
                         ("<i>", "Success")):
    value(f"""(button => {{
        button.form.arg.value = '{argument}';
        button.click();
    }})(document.querySelector('button[value="port/create"]'))""")
    until(result, f"port/create {argument}: {answer}")
check("markup", value("document.querySelectorAll('i, h1 b').length"), 0)
check("script", value("[...document.querySelectorAll('*')].filter("
                      "e => e.tagName == 'SCRIPT').length"), 0)

# A page of another site's, whose form the browser would send with the password.
with open("evil.html", "w") as file:
    file.write(f"""<form method=post action=http://{host}/port>
<input name=cmd value=port/create><input name=arg value=11></form>
<script>document.forms[0].submit()</script>""")
call("Page.navigate", url="file://" + os.path.abspath("evil.html"))
until("document.body?.textContent.trim()", "This form is of another site.")

session = None
call("Browser.close")
browser.wait(60)
