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
        &["--as", "ana", "add", "-"],
        &["--as", "ana", "replace", &id, "-"],
        &["--as", "ana", "contacts", "add", "dr-lee", "-"],
        &["--as", "ben", "init"],
    ] {
        assert_eq!(ctrl_c_at_the_prompt(&computer, args), "130 True\n", "{args:?}");
    }
    assert!(!computer.home().join("people/ben").exists());
}
