// SPDX-License-Identifier: Apache-2.0
// Who reads a configuration, started as each init system starts the daemon.
#include "config_helpers.hpp"

#include <cctype>
#include <cstring>
#include <grp.h>
#include <iterator>
#include <linux/capability.h>
#include <map>
#include <regex>
#include <set>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace
{

constexpr uid_t NOBODY = 65534;
// The user of OpenHarmony's file.
constexpr uid_t MEMMGR = 1111;

const std::string program = MM_CONFIG_PROGRAM;
const std::string shipped = MM_SOURCE_DIRECTORY "/config/memmgr_config.xml";
const char *const shipped_name = shipped.c_str();
const mm_config_sources shipped_file = {&shipped_name, 1, nullptr, 0, false};

// Those that the files name.
const std::map<std::string, int> numbers = {
    {"CHOWN", CAP_CHOWN},
    {"DAC_OVERRIDE", CAP_DAC_OVERRIDE},
    {"DAC_READ_SEARCH", CAP_DAC_READ_SEARCH},
    {"KILL", CAP_KILL},
    {"SETGID", CAP_SETGID},
    {"SETUID", CAP_SETUID},
    {"IPC_LOCK", CAP_IPC_LOCK},
    {"SYS_PTRACE", CAP_SYS_PTRACE},
    {"SYS_NICE", CAP_SYS_NICE},
    {"SYS_RESOURCE", CAP_SYS_RESOURCE},
    {"PERFMON", 38},
    {"BPF", 39}, // older headers lack these two
};

// The words between two texts of an init file.
std::set<int> kept(const std::string &file, const std::string &begin, const std::string &end)
{
    std::ifstream stream(MM_SOURCE_DIRECTORY "/service/init/" + file);
    std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    const size_t from = text.find(begin);
    const size_t to = text.find(end, from + begin.size());
    std::set<int> capabilities;

    EXPECT_NE(from, std::string::npos) << file;
    text = text.substr(from + begin.size(), to - from - begin.size());
    for (char &character : text)
        character = static_cast<char>(toupper(static_cast<unsigned char>(character)));
    const std::regex word("[A-Z_]+");
    for (std::sregex_iterator i(text.begin(), text.end(), word); i != std::sregex_iterator(); ++i) {
        const std::string name = std::regex_replace(i->str(), std::regex("^CAP_"), "");

        if (numbers.count(name) == 0)
            ADD_FAILURE() << file << ": which capability is " << name << "?";
        else
            capabilities.insert(numbers.at(name));
    }
    return capabilities;
}

void bound(const std::set<int> &capabilities)
{
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        if (capabilities.count(capability) == 0)
            (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

// As an init system does that starts a service under a user of its own and lets it keep these.
bool become(uid_t uid, const std::set<int> &capabilities)
{
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, nullptr) < 0 || setresgid(uid, uid, uid) < 0 ||
        setresuid(uid, uid, uid) < 0)
        return false;
    for (int capability : capabilities) {
        if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 1)
            continue; // a sandbox around us took it
        __user_cap_data_struct &word = data[capability / 32];

        word.effective |= 1U << capability % 32;
        word.permitted = word.inheritable = word.effective;
    }
    if (syscall(SYS_capset, &header, data) < 0)
        return false;
    for (int capability : capabilities)
        if ((data[capability / 32].permitted & 1U << capability % 32) &&
            prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
            return false;
    return true;
}

struct Service {
    const char *file, *begin, *end;
    uid_t uid;
};

std::ostream &operator<<(std::ostream &stream, const Service &service)
{
    return stream << service.file;
}

bool may_become_another()
{
    return geteuid() == 0 && prctl(PR_CAPBSET_READ, CAP_SETUID, 0, 0, 0) == 1;
}

class ConfigPrivileges : public testing::TestWithParam<Service>
{
  protected:
    void SetUp() override
    {
        if (!may_become_another())
            GTEST_SKIP() << "only root can start a service as another user";
    }
};

// The kernel writes beside what the reader sends who it was then.
TEST_P(ConfigPrivileges, TheReaderIsNobodyWhenItAnswers)
{
    const std::set<int> capabilities = kept(GetParam().file, GetParam().begin, GetParam().end);
    const int on = 1;
    int ends[2];
    char byte;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
    iovec vector = {&byte, 1};
    msghdr message = {};
    ucred sender = {};
    int status = 0;

    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ASSERT_EQ(setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        bound(capabilities);
        if (GetParam().uid != 0 && !become(GetParam().uid, capabilities))
            _exit(99);
        dup2(ends[1], STDOUT_FILENO);
        execl(program.c_str(), program.c_str(), "--items", "--", shipped.c_str(), nullptr);
        _exit(98);
    }
    close(ends[1]);
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    const ssize_t length = recvmsg(ends[0], &message, 0);
    const cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (length == 1 && header && header->cmsg_type == SCM_CREDENTIALS)
        memcpy(&sender, CMSG_DATA(header), sizeof(sender));
    close(ends[0]);
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
        GTEST_SKIP() << "this process cannot give another user capabilities";
    ASSERT_EQ(length, 1) << status;
    EXPECT_EQ(sender.pid, pid);
    EXPECT_EQ(sender.uid, NOBODY);
    EXPECT_EQ(sender.gid, NOBODY);
}

INSTANTIATE_TEST_SUITE_P(InitSystems, ConfigPrivileges,
                         testing::Values(Service{"memmgrd.service.in", "\nCapabilityBoundingSet=", "\n", 0},
                                         Service{"memmgrd.openrc.in",
                                                 "\ncapabilities=\"${memmgrd_capabilities:-", "}", 0},
                                         Service{"memmgrd.rc", "\n    capabilities ", "\n", 0},
                                         Service{"memmgrd.cfg", "\"caps\": [", "]", MEMMGR}));

// In a container, say: the file is read, and it is said who reads it.
TEST(ConfigReader, ThatStaysRootSaysSo)
{
    int status = 0;

    if (!may_become_another())
        GTEST_SKIP() << "only root stays root";
    const pid_t pid = fork();
    if (pid == 0) {
        const mm_config_device device = {};
        mm_config *config = nullptr;
        mm_problems problems = {};
        bool is_said = false;

        bound({CAP_DAC_OVERRIDE});
        if (mm_config_load(program.c_str(), &shipped_file, &device, 10000, &config, &problems) < 0)
            _exit(2);
        for (size_t i = 0; i < problems.count; i++)
            is_said = is_said || strstr(problems.items[i].text, "cannot become nobody");
        _exit(is_said ? 0 : 1);
    }
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
}

} // namespace
