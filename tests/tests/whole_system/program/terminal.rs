//! The program on a terminal.

use std::process::Command;

use hospital_record_tests::{process::tool, program::Computer};

use super::{added, anas_computer};

/// Runs the program on a terminal of its own, with stdin a pipe on which nothing comes, types Ctrl-C when it asks for a
/// password, and prints its exit code and whether the terminal is as it was.
const CTRL_C_AT_THE_PROMPT: &str = r#"
import fcntl, os, select, sys, termios, time
quiet, _writer = os.pipe()
master, slave = os.openpty()
before = termios.tcgetattr(slave)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    os.dup2(quiet, 0), os.dup2(slave, 1), os.dup2(slave, 2)
    os.execv(sys.argv[1], sys.argv[1:])
told, end = b"", time.time() + 30
while b"assword " not in told:
    if not select.select([master], [], [], end - time.time())[0]:
        os.kill(pid, 9)
        sys.exit(f"no prompt: {told}")
    told += os.read(master, 4096)
while termios.tcgetattr(slave)[3] & termios.ECHO and time.time() < end:
    time.sleep(0.01)
os.write(master, b"\x03")
while (ended := os.waitpid(pid, os.WNOHANG)) == (0, 0):
    if time.time() > end:
        os.kill(pid, 9)
        sys.exit("Ctrl-C did not end it")
    time.sleep(0.01)
print(os.waitstatus_to_exitcode(ended[1]), termios.tcgetattr(slave) == before)
"#;

fn ctrl_c_at_the_prompt(computer: &Computer, args: &[&str]) -> String {
    let program = computer.command(args);
    let mut python = Command::new(tool("HOSPITAL_RECORD_PYTHON", "venv/bin/python"));
    python.args(["-c", CTRL_C_AT_THE_PROMPT]).arg(program.get_program()).args(program.get_args());
    python.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(computer.desk());
    let output = python.env_remove("HOSPITAL_RECORD_PASSWORD_FILE").output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn ctrl_c_ends_the_program_where_it_asks_for_a_password() {
    let computer = anas_computer();
    let id = added(&computer, "x.txt", "x");
    for args in [
        &["--as", "ana", "list"][..],
        &["--as", "ana", "add", "-", "--name", "x"],
        &["--as", "ana", "replace", &id, "-", "--name", "x"],
        &["--as", "ana", "contacts", "add", "dr-lee", "-"],
        &["--as", "ben", "init"],
    ] {
        assert_eq!(ctrl_c_at_the_prompt(&computer, args), "130 True\n", "{args:?}");
    }
    assert!(!computer.home().join("people/ben").exists());
}

/// The same terminal, on which this is typed at once when the program asks; then its exit code, all that was echoed, and
/// what is left for the shell.
const PASTED: &str = r#"
import fcntl, os, select, struct, sys, termios, time
typed = bytes.fromhex(sys.argv[1])
master, slave = os.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(os.environ["WIDTH"]), 0, 0))
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(slave, fd)
    os.execv(sys.argv[2], sys.argv[2:])
told, end, sent = b"", time.time() + 60, False
while True:
    if select.select([master], [], [], 0.05)[0]:
        told += os.read(master, 4096)
    if not sent and told.rstrip().endswith((b":", b"]")):
        os.write(master, typed)
        sent = True
    if (ended := os.waitpid(pid, os.WNOHANG)) != (0, 0):
        break
    if time.time() > end:
        os.kill(pid, 9)
        sys.exit(f"it does not end: {told}")
while select.select([master], [], [], 0.05)[0]:
    told += os.read(master, 4096)
attributes = termios.tcgetattr(slave)
attributes[3] &= ~termios.ICANON
termios.tcsetattr(slave, termios.TCSANOW, attributes)
left = os.read(slave, 4096) if select.select([slave], [], [], 0)[0] else b""
print(os.waitstatus_to_exitcode(ended[1]), left.hex() or "-", told.decode(errors="replace"))
"#;

fn pasted(computer: &Computer, typed: &str, args: &[&str]) -> (String, String, String) {
    pasted_at(0, computer, typed, args)
}

/// On a terminal of this width; 0 where it has none.
fn pasted_at(width: usize, computer: &Computer, typed: &str, args: &[&str]) -> (String, String, String) {
    let program = computer.command(args);
    let mut python = Command::new(tool("HOSPITAL_RECORD_PYTHON", "venv/bin/python"));
    python.args(["-c", PASTED, &hex::encode(typed)]).arg(program.get_program()).args(program.get_args());
    python.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(computer.desk());
    let output = python.env("WIDTH", width.to_string()).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    let mut parts = told.splitn(3, ' ').map(str::to_owned);
    [(); 3].map(|()| parts.next().unwrap()).into()
}

#[test]
fn a_phrase_is_taken_back_in_the_rows_in_which_it_was_shown() {
    let computer = anas_computer();
    let shown = computer.run(["--as", "eve", "init"]).stderr;
    let rows: String = shown.lines().filter(|line| line.starts_with("    ")).map(|line| format!("{line}\n")).collect();
    let words: Vec<&str> = rows.split_whitespace().filter(|word| word.chars().all(char::is_alphabetic)).collect();
    assert_eq!(words.len(), 24, "{shown}");
    for (name, typed) in [
        ("rows", format!("\n{rows}\n")),
        ("line", format!("{}\n", words.join(" "))),
        ("lines", format!("{}\n", words.join("\n").to_uppercase())),
        ("more", format!("{rows}\nwhat was pasted too\nrm -rf x\n")),
    ] {
        let (code, left, told) = pasted(&computer, &typed, &["--as", name, "init", "--restore"]);
        assert_eq!((code.as_str(), left.as_str()), ("0", "-"), "{name}: {told}");
        // Whole words, as "Recovery" holds "cover"; and but for those that the program says itself.
        let said = |word: &&str| word.len() < 5 || ["phrase", "empty", "people"].contains(word);
        let told_words: Vec<&str> = told.split(|letter: char| !letter.is_alphabetic()).collect();
        assert!(words.iter().all(|word| said(word) || !told_words.contains(word)), "{name}: {told}");
    }
    // A wrong word ends it, and the rest is not for the shell.
    let wrong = rows.replacen(words[3], "wrongest", 1);
    let (code, left, told) = pasted(&computer, &wrong, &["--as", "wrong", "init", "--restore"]);
    assert_eq!((code.as_str(), left.as_str()), ("7", "-"), "{told}");
    assert!(told.contains("word 4"), "{told}");
}

#[test]
fn a_new_folder_is_asked_about_on_a_terminal() {
    let computer = anas_computer();
    computer.file("x.txt", "x");
    let add = ["--as", "ana", "add", "x.txt", "--folder", "blood"];
    let (code, _, told) = pasted(&computer, "n\n", &add);
    assert!(code == "2" && told.contains("there is no folder blood") && told.contains("nothing was done"), "{told}");
    assert!(computer.json("ana", &["folders", "list"]).is_empty());
    assert_eq!(pasted(&computer, "y\n", &add).0, "0");
    assert_eq!(computer.json("ana", &["folders", "list"])[0]["name"], "blood");
}

#[test]
fn a_code_that_does_not_fit_is_not_drawn() {
    let computer = anas_computer();
    let drawn = "\u{1b}[30;107m";
    // A terminal that does not say how wide it is is no reason to hold anything back.
    for (width, fits) in [(0, true), (200, true), (40, false)] {
        let (code, _, told) = pasted_at(width, &computer, "", &["--as", "ana", "account", "--qr"]);
        assert_eq!((code.as_str(), told.contains(drawn)), ("0", fits), "{width}: {told}");
        assert_eq!(told.contains("this terminal 40"), !fits, "{width}: {told}");
        assert!(told.contains("hospital-record-card:"), "the card itself is there: {told}");
    }
}
