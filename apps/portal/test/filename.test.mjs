import assert from "node:assert/strict";
import { test } from "node:test";
import { source } from "./source.mjs";

const { Names, safeName } = await source("lib/filename.ts");

test("names that are hostile become names of a file", () => {
    for (const [name, safe] of [
        ["../../x", "_.._x"], ["/etc/passwd", "_etc_passwd"], ["C:\\autoexec.bat", "C__autoexec.bat"], ["CON", "_CON"], ["con.txt", "_con.txt"], ["Lpt1 .dcm", "_Lpt1 .dcm"],
        ["COM¹.log", "_COM¹.log"], ["console.txt", "console.txt"], ["a\u0000b\u001f\u007f.txt", "ab.txt"], ["\u202etxt.exe", "txt.exe"], ["a\u2066b\u200f.pdf", "ab.pdf"],
        ["", "record"], ["...", "record"], [" . ", "record"], ["\u202e", "record"], [".ssh", "ssh"], ["end. .", "end"], ["a<b>:\"|?*.txt", "a_b______.txt"],
        ["\ud800x", "\ufffdx"], ["क्\u200dष.txt", "क्\u200dष.txt"], ["knee scan.png", "knee scan.png"], ["a\u2044b\u2215c", "a_b_c"],
    ]) assert.equal(safeName(name), safe, JSON.stringify(name));
});

test("a long name keeps its ending and whole characters", () => {
    const long = safeName(`${"क".repeat(300)}.dcm`);
    assert.ok(new TextEncoder().encode(long).length <= 120 && long.endsWith("क.dcm"), long);
    assert.ok(new TextEncoder().encode(safeName(`x.${"y".repeat(500)}`)).length <= 120);
    assert.equal(safeName("😀".repeat(100)).isWellFormed(), true);
});

test("every name is given once in a folder, whatever its capitals", () => {
    const names = new Names();
    const taken = ["scan.png", "scan.png", "SCAN.PNG", "scan (2).png", "noending", "noending"].map((name) => names.take("a", name));
    assert.deepEqual(taken, ["scan.png", "scan (2).png", "SCAN (3).PNG", "scan (2) (2).png", "noending", "noending (2)"]);
    assert.equal(names.take("b", "scan.png"), "scan.png");
    assert.equal(names.take("A", "scan.png"), "scan (4).png");
});
