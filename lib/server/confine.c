#include "confine.h"
#include "server.h"
#include "tool/cli.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of later headers than Debian 12 has. */
enum {
    ACCESS_TRUNCATE = 1 << 14,
    ACCESS_IOCTL_DEV = 1 << 15,
    NET_BIND_TCP = 1 << 0,
    NET_CONNECT_TCP = 1 << 1,
    SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0,
    SCOPE_SIGNAL = 1 << 1
};

/* The attributes of a set of rules: of the first versions only the beginning. */
struct attributes {
    uint64_t files, net, scoped;
};

/* Everything that each version can refuse. */
static struct attributes refusable(long version)
{
    struct attributes all = {.files = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1};
    if (version >= 2)
        all.files |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3)
        all.files |= ACCESS_TRUNCATE;
    if (version >= 4)
        all.net = NET_BIND_TCP | NET_CONNECT_TCP;
    if (version >= 5)
        all.files |= ACCESS_IOCTL_DEV;
    if (version >= 6)
        all.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
    return all;
}

/* --- files --- */

static void allow_folder(int rules, int folder, uint64_t access)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = folder};
    if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
        cli_die(CLI_FAIL, "Landlock: %s", strerror(errno));
}

/* A folder that isn't there needs no rule. */
static void allow(int rules, const char *folder, uint64_t access)
{
    int fd = open(folder, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return;
    allow_folder(rules, fd, access);
    close(fd);
}

/* The folder of a file, which may be replaced, and that of the file which it links to. */
static void allow_beside(int rules, const char *path, uint64_t access)
{
    char copy[PATH_MAX];
    if (!path || strlen(path) >= sizeof copy)
        return;
    allow(rules, dirname(strcpy(copy, path)), access);
    if (realpath(path, copy))
        allow(rules, dirname(copy), access);
}

/* Folders that libraries of another transport read at any time: of plugins, for names of hosts. */
static const char *const of_libraries[] = {"/usr", "/lib", "/lib64",
                                           "/etc", "/sys", "/run/systemd/resolve"};

static void confine_files(const struct server *server, const char *socket_path)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1)
        return; /* an older kernel, or one without Landlock */
    struct attributes all = refusable(version);
    if (server->extension)
        all.net = 0;
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    if (rules < 0)
        cli_die(CLI_FAIL, "Landlock: %s", strerror(errno));
    allow(rules, "/dev/shm", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
    /* The states of writers; sanitizers list their threads. */
    allow(rules, "/proc", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
    allow(rules, "/dev/urandom", LANDLOCK_ACCESS_FS_READ_FILE);
    allow_beside(rules, server->token_file, LANDLOCK_ACCESS_FS_READ_FILE);
    allow_beside(rules, server->tls_cert, LANDLOCK_ACCESS_FS_READ_FILE);
    allow_beside(rules, server->tls_key, LANDLOCK_ACCESS_FS_READ_FILE);
    if (server->extension)
        allow_beside(rules, server->extension->file(), LANDLOCK_ACCESS_FS_READ_FILE);
    allow_beside(rules, socket_path, LANDLOCK_ACCESS_FS_REMOVE_FILE);
    for (size_t i = 0; server->extension && i < sizeof of_libraries / sizeof of_libraries[0]; i++)
        allow(rules, of_libraries[i], LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
    if (server->site.www >= 0)
        allow_folder(rules, server->site.www,
                     LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
    if (syscall(SYS_landlock_restrict_self, rules, 0))
        cli_die(CLI_FAIL, "Landlock: %s", strerror(errno));
    close(rules);
}

/* Root may need the right to read its users' streams, and nothing more: for some others the kernel
 * leaves Landlock aside, such as the memory maps of all processes for CAP_PERFMON. */
static void confine_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
    const uint32_t kept = 1u << CAP_DAC_OVERRIDE;
    if (syscall(SYS_capget, &head, data))
        return;
    data[0].effective &= kept;
    data[0].permitted &= kept;
    data[0].inheritable = 0;
    data[1] = (struct __user_cap_data_struct){0};
    if (syscall(SYS_capset, &head, data))
        cli_die(CLI_FAIL, "capset: %s", strerror(errno));
}

/* --- system calls --- */

#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined __riscv && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

#ifdef ARCHITECTURE
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define REFUSE      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES)
#define ALLOW       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
/* Refuses one call. */
#define REFUSE_CALL(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), REFUSE

/*
 * Landlock leaves sockets in the file system to all, through which other programs of the user would
 * do whatever they are asked. Only peer.c makes sockets, to ask the kernel, and another transport
 * those of the internet. io_uring would make calls that are not filtered.
 */
static void confine_calls(bool internet)
{
    struct sock_filter code[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
        REFUSE,
        LOAD(nr),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), /* the calls of x32 */
        REFUSE,
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, internet ? UINT32_MAX : SYS_connect, 0, 1),
        REFUSE,
        REFUSE_CALL(execve),
        REFUSE_CALL(execveat),
        REFUSE_CALL(io_uring_setup),
        REFUSE_CALL(process_vm_readv),
        REFUSE_CALL(process_vm_writev),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 5),
        LOAD(args[0]), /* the lower half: all of these machines are little-endian */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, internet ? AF_INET : AF_NETLINK, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, internet ? AF_INET6 : AF_NETLINK, 1, 0),
        REFUSE,
        ALLOW,
    };
    const struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) && errno != ENOSYS &&
        errno != EINVAL)
        cli_die(CLI_FAIL, "seccomp: %s", strerror(errno));
}
#else
static void confine_calls(bool internet)
{
    (void)internet;
}
#endif

void confine(const struct server *server, const char *socket_path)
{
    dlopen("libgcc_s.so.1", RTLD_NOW); /* glibc does so for the first pthread_cancel */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        cli_die(CLI_FAIL, "no_new_privs: %s", strerror(errno));
    confine_files(server, socket_path);
    confine_capabilities();
    confine_calls(server->extension);
}
