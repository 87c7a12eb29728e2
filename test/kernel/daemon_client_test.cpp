// SPDX-License-Identifier: Apache-2.0
// The client library and the daemon itself: reports, levels, kills, its death and return, and who may what. Needs root.
#include "daemon_fixture.h"

#include <fstream>
#include <functional>
#include <memmgr_session.h>
#include <memory>
#include <poll.h>
#include <thread>

namespace
{

constexpr uid_t Nobody = 65534;

struct SessionFree {
    void operator()(memmgr_session *session) const
    {
        memmgr_session_free(session);
    }
};
using Session = std::unique_ptr<memmgr_session, SessionFree>;

class Client : public Daemon
{
  protected:
    std::string configure(const std::string &sections) const
    {
        const std::string path = std::string(directory) + "/config.xml";
        std::ofstream file(path);

        file << "<Memmgr>" << sections << "</Memmgr>";
        return path;
    }
    Session open_session() const
    {
        const std::string path = std::string(directory) + "/control.sock";
        memmgr_options options = MEMMGR_OPTIONS_INIT;
        memmgr_session *session = nullptr;

        options.path = path.c_str();
        options.timeout_ms = patience_ms;
        EXPECT_EQ(memmgr_session_new(&options, &session), 0);
        return Session(session);
    }
    // Of that kind, others are passed over; of kind 0 when none comes.
    static memmgr_event next(const Session &session, int kind, int timeout_ms = patience_ms)
    {
        memmgr_event event = MEMMGR_EVENT_INIT;

        while (memmgr_session_next(session.get(), timeout_ms, &event) == 0) {
            if (event.kind == kind)
                return event;
        }
        event.kind = 0;
        return event;
    }
    static int report(const Session &session, int word, pid_t process, const char *name = nullptr,
                      int64_t account = -1)
    {
        memmgr_report one = MEMMGR_REPORT_INIT;

        one.word = word;
        one.pid = process;
        one.name = name;
        one.account = account;
        return memmgr_session_report(session.get(), &one, nullptr);
    }
    static int priority(const Session &session, pid_t process)
    {
        int32_t number = -12345;

        EXPECT_EQ(memmgr_session_priority(session.get(), process, &number), 0)
            << memmgr_session_message(session.get());
        return number;
    }
    // In a process of another user, once it is let go; what the function returns.
    int as_nobody(const std::function<int(const Session &)> &function) const
    {
        int status = 0;
        const pid_t child = fork();

        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (setresgid(Nobody, Nobody, Nobody) < 0 || setresuid(Nobody, Nobody, Nobody) < 0)
                _exit(100);
            _exit(function(open_session()));
        }
        EXPECT_EQ(waitpid(child, &status, 0), child);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 200;
    }
};

constexpr char AllMayRead[] = "<controlSocket><mode>0666</mode></controlSocket>";

TEST_F(Client, ReportsChangeTheListAndQuestionsTellIt)
{
    start();
    Session session = open_session();
    Child child;
    memmgr_process process = MEMMGR_PROCESS_INIT;
    memmgr_memory memory = MEMMGR_MEMORY_INIT;

    EXPECT_EQ(report(session, MEMMGR_CREATE, child.pid, "org.example.child"), 0);
    EXPECT_EQ(report(session, MEMMGR_FOREGROUND, child.pid), 0);
    EXPECT_EQ(priority(session, child.pid), 0);
    EXPECT_EQ(report(session, MEMMGR_BACKGROUND, child.pid), 0);
    EXPECT_EQ(priority(session, child.pid), 400);
    EXPECT_EQ(report(session, MEMMGR_CONTINUOUS_START, child.pid), 0);
    EXPECT_EQ(memmgr_session_process(session.get(), child.pid, &process), 0);
    EXPECT_EQ(process.priority, 200);
    EXPECT_STREQ(process.name, "org.example.child");
    EXPECT_EQ(process.flags, (uint32_t)(MEMMGR_PROCESS_REGISTERED | MEMMGR_PROCESS_CONTINUOUS_TASK));
    EXPECT_NE(ask("list --registered").find("org.example.child"), std::string::npos);

    EXPECT_EQ(memmgr_session_memory(session.get(), &memory), 0);
    EXPECT_GT(memory.available_bytes, 0U);
    EXPECT_GT(memory.total_bytes, memory.available_bytes);
    unsigned found = 0;
    std::pair<pid_t, unsigned *> wanted(child.pid, &found);
    EXPECT_EQ(memmgr_session_list(
                  session.get(), 0,
                  [](const memmgr_process *one, void *user) {
                      auto *looked_for = static_cast<std::pair<pid_t, unsigned *> *>(user);

                      *looked_for->second += one->pid == looked_for->first;
                      return 0;
                  },
                  &wanted),
              0);
    EXPECT_EQ(found, 1U);
    EXPECT_EQ(report(session, MEMMGR_TERMINATED, child.pid), 0);
    EXPECT_EQ(ask("list --registered").find("org.example.child"), std::string::npos);
    EXPECT_EQ(report(session, MEMMGR_FOREGROUND, 1, "init"), -EPERM);
    EXPECT_EQ(report(session, MEMMGR_FOREGROUND, pid, "memmgrd"), -EPERM);
    EXPECT_EQ(report(session, MEMMGR_FOREGROUND, 0x3ffffff0, "nobody"), -ESRCH);
}

TEST_F(Client, LevelsArriveOnceEach)
{
    start();
    Session session = open_session();
    const char *const levels[] = {"low", "critical", "none"};

    ASSERT_EQ(memmgr_session_subscribe(session.get(), MEMMGR_SUBSCRIBE_LEVELS | MEMMGR_SUBSCRIBE_PURGEABLE),
              0);
    for (const char *level : levels) {
        (void)ask(std::string("event level ") + level);
        memmgr_event event = next(session, MEMMGR_EVENT_LEVEL);
        EXPECT_STREQ(memmgr_level_name(event.level), level);
        EXPECT_EQ(event.cause, MEMMGR_CAUSE_INJECTED);
        if (event.level == MEMMGR_LEVEL_NONE)
            break;
        EXPECT_EQ(next(session, MEMMGR_EVENT_TRIM).level, event.level);
    }
    // What was sent before an answer has come before it.
    memmgr_memory memory = MEMMGR_MEMORY_INIT;
    EXPECT_EQ(memmgr_session_memory(session.get(), &memory), 0);
    EXPECT_EQ(next(session, MEMMGR_EVENT_LEVEL, 0).kind, 0);
    EXPECT_EQ(next(session, MEMMGR_EVENT_TRIM, 0).kind, 0);
}

// The daemon is killed; the next one knows all that the first was told, and what is subscribed to goes on.
TEST_F(Client, ADaemonThatDiesIsToldAgain)
{
    const std::string config = configure("<criticalProcesses><maxPerUser>2</maxPerUser></criticalProcesses>");
    Child one, other, dead;

    start(config);
    Session session = open_session();
    ASSERT_EQ(memmgr_session_subscribe(session.get(), MEMMGR_SUBSCRIBE_LEVELS | MEMMGR_SUBSCRIBE_PURGEABLE),
              0);
    EXPECT_EQ(next(session, MEMMGR_EVENT_CONNECTED).kind, MEMMGR_EVENT_CONNECTED);
    EXPECT_EQ(report(session, MEMMGR_CREATE, one.pid, "org.example.one"), 0);
    EXPECT_EQ(report(session, MEMMGR_BACKGROUND, one.pid), 0);
    EXPECT_EQ(report(session, MEMMGR_VISIBLE, one.pid), 0);
    EXPECT_EQ(report(session, MEMMGR_CREATE, other.pid, "org.example.other"), 0);
    EXPECT_EQ(report(session, MEMMGR_SUSPEND, other.pid), 0);
    EXPECT_EQ(report(session, MEMMGR_CREATE, dead.pid, "org.example.dead"), 0);
    EXPECT_EQ(memmgr_session_set_critical(session.get(), 0, 1), 0);
    EXPECT_EQ(memmgr_session_register_app(session.get(), one.pid, 0), 0);
    EXPECT_EQ(next(session, MEMMGR_EVENT_APP_STATE).state, MEMMGR_APP_VISIBLE);

    const int fd = memmgr_session_fd(session.get());
    EXPECT_EQ(WTERMSIG(end(SIGKILL)), SIGKILL);
    kill(dead.pid, SIGKILL);
    (void)dead.wait();
    EXPECT_EQ(next(session, MEMMGR_EVENT_DISCONNECTED).kind, MEMMGR_EVENT_DISCONNECTED);
    EXPECT_FALSE(memmgr_session_is_connected(session.get()));
    start(config);
    // The descriptor says when; nothing else is needed.
    pollfd poller{fd, POLLIN, 0};
    memmgr_event event = MEMMGR_EVENT_INIT;
    bool is_told = false;
    EXPECT_TRUE(comes_true([&] {
        (void)poll(&poller, 1, patience_ms);
        while (memmgr_session_next(session.get(), 0, &event) == 0) {
            EXPECT_NE(event.kind, MEMMGR_EVENT_REFUSED) << event.text;
            is_told = is_told || (event.kind == MEMMGR_EVENT_APP_STATE && event.pid == one.pid);
        }
        return memmgr_session_is_connected(session.get()) == 1;
    }));
    EXPECT_TRUE(is_told) << "registered again";
    EXPECT_EQ(priority(session, one.pid), 50);
    EXPECT_EQ(priority(session, other.pid), 800);
    const std::string list = ask("list --json --registered");
    EXPECT_NE(list.find("org.example.one"), std::string::npos);
    EXPECT_EQ(list.find("org.example.dead"), std::string::npos);
    memmgr_process self = MEMMGR_PROCESS_INIT;
    EXPECT_EQ(memmgr_session_process(session.get(), getpid(), &self), 0);
    EXPECT_TRUE(self.flags & MEMMGR_PROCESS_CRITICAL);
    (void)ask("event level moderate");
    EXPECT_EQ(next(session, MEMMGR_EVENT_LEVEL).level, MEMMGR_LEVEL_MODERATE);
}

// A call in the moment in which the daemon dies is made again when it is back.
TEST_F(Client, ACallThatIsCutIsMadeAgain)
{
    start();
    Session session = open_session();
    Child child;
    int result = -1;

    EXPECT_EQ(report(session, MEMMGR_CREATE, child.pid, "org.example.child"), 0);
    kill(pid, SIGSTOP); // it hears nothing until it is dead
    std::thread caller([&] { result = report(session, MEMMGR_BACKGROUND, child.pid); });
    (void)end(SIGKILL);
    start();
    caller.join();
    EXPECT_EQ(result, 0);
    EXPECT_EQ(priority(session, child.pid), 400);
}

TEST_F(Client, AnotherUserReadsAndSpeaksOfItselfAlone)
{
    start(configure(std::string(AllMayRead) +
                    "<criticalProcesses><maxPerUser>1</maxPerUser><floor>60</floor></criticalProcesses>"));
    ASSERT_EQ(chmod(directory, 0755), 0);
    const pid_t parent = getpid();
    Child child;

    // Each number is a line of its own that would be wrong.
    EXPECT_EQ(as_nobody([&](const Session &session) {
                  memmgr_memory memory = MEMMGR_MEMORY_INIT;
                  int32_t number = 0;

                  if (memmgr_session_memory(session.get(), &memory) != 0)
                      return 1;
                  if (memmgr_session_subscribe(session.get(), MEMMGR_SUBSCRIBE_LEVELS) != 0)
                      return 2;
                  if (report(session, MEMMGR_FOREGROUND, getpid(), "mine") != -EACCES)
                      return 3;
                  if (report(session, MEMMGR_TERMINATED, child.pid) != -EACCES)
                      return 4;
                  if (memmgr_session_register_app(session.get(), child.pid, -1) != -EACCES)
                      return 5;
                  if (memmgr_session_reclaim_app(session.get(), child.pid) != -EACCES)
                      return 6;
                  if (memmgr_session_set_critical(session.get(), parent, 1) != -EACCES)
                      return 7;
                  if (memmgr_session_set_critical(session.get(), 0, 1) != 0)
                      return 8;
                  if (memmgr_session_priority(session.get(), getpid(), &number) != 0 || number > 60)
                      return 9;
                  return 0;
              }),
              0);
    const std::string status = ask("status --json");
    EXPECT_NE(status.find("\"permission_denied\":\t5"), std::string::npos) << status;
    // The connection has ended, and what it held with it.
    EXPECT_NE(status.find("\"critical_processes\":\t0"), std::string::npos);
}

// A connection that a process leaves to its child gives that no right to speak of anybody.
TEST_F(Client, AConnectionThatIsHandedOnGivesNoRight)
{
    start(configure(std::string(AllMayRead) +
                    "<criticalProcesses><maxPerUser>4</maxPerUser></criticalProcesses>"));
    ASSERT_EQ(chmod(directory, 0755), 0);
    EXPECT_EQ(as_nobody([&](const Session &session) {
                  int status = 0;
                  const pid_t child = fork();

                  if (child == 0)
                      _exit(memmgr_session_set_critical(session.get(), 0, 1) == -EACCES ? 0 : 1);
                  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 2;
              }),
              0);
}

// Off as it is shipped.
TEST_F(Client, NobodyIsCriticalUnlessConfigured)
{
    start();
    Session session = open_session();

    EXPECT_EQ(memmgr_session_set_critical(session.get(), 0, 1), -EOPNOTSUPP);
    EXPECT_NE(std::string(memmgr_session_message(session.get())).find("maxPerUser"), std::string::npos);
}

TEST_F(Client, StatesOfApplicationsUntilTheyEnd)
{
    start();
    Child child, second; // before the sessions: their descriptors are no child's
    Session holder = open_session(), system = open_session();
    memmgr_event event = MEMMGR_EVENT_INIT;

    ASSERT_EQ(memmgr_session_subscribe(holder.get(), MEMMGR_SUBSCRIBE_PURGEABLE), 0);
    EXPECT_EQ(report(system, MEMMGR_FOREGROUND, child.pid, "org.example.child"), 0);
    EXPECT_EQ(memmgr_session_register_app(system.get(), child.pid, 1), -EPERM);
    EXPECT_EQ(memmgr_session_register_app(system.get(), child.pid, 0), 0);
    EXPECT_EQ(next(holder, MEMMGR_EVENT_APP_STATE).state, MEMMGR_APP_FOREGROUND);
    EXPECT_EQ(report(system, MEMMGR_BACKGROUND, child.pid), 0);
    event = next(holder, MEMMGR_EVENT_APP_STATE);
    EXPECT_EQ(event.state, MEMMGR_APP_BACKGROUND);
    EXPECT_EQ(event.pid, child.pid);
    EXPECT_EQ(event.is_present, 0);
    Session late = open_session();
    ASSERT_EQ(memmgr_session_subscribe(late.get(), MEMMGR_SUBSCRIBE_PURGEABLE), 0);
    event = next(late, MEMMGR_EVENT_APP_STATE);
    EXPECT_EQ(event.state, MEMMGR_APP_BACKGROUND);
    EXPECT_EQ(event.pid, child.pid);
    EXPECT_EQ(event.is_present, 1);
    EXPECT_EQ(memmgr_session_reclaim_app(system.get(), child.pid), 0);
    EXPECT_EQ(next(holder, MEMMGR_EVENT_APP_STATE).state, MEMMGR_APP_RECLAIM);
    kill(child.pid, SIGKILL);
    (void)child.wait();
    // BPF or the connector may have told the daemon already.
    const int result = report(system, MEMMGR_TERMINATED, child.pid);
    EXPECT_TRUE(result == 0 || result == -ESRCH) << result;
    EXPECT_EQ(next(holder, MEMMGR_EVENT_APP_STATE).state, MEMMGR_APP_ENDED);
    EXPECT_EQ(memmgr_session_register_app(system.get(), second.pid, -1), 0);
    EXPECT_EQ(next(holder, MEMMGR_EVENT_APP_STATE).state, MEMMGR_APP_BACKGROUND);
    system.reset();
    EXPECT_EQ(next(holder, MEMMGR_EVENT_APP_STATE).state, MEMMGR_APP_FORGOTTEN);
}

// A real one, of a process in a group of the test's: a cold switch of accounts ends it.
TEST_F(Client, AKillIsToldWhenItBeginsAndWhenItIsOver)
{
    Hierarchies where;
    const std::string name = "memmgr-client-test-" + std::to_string(getpid());

    if (where.memory.top_fd < 0)
        GTEST_SKIP() << "no memory controller";
    Directory domain(where.memory, name);
    Child victim;
    domain.add(victim.pid);
    start_for_real(configure("<domain><groupPath>/" + name + "</groupPath></domain>"));
    Session session = open_session();
    memmgr_report change = MEMMGR_REPORT_INIT;

    ASSERT_EQ(memmgr_session_subscribe(session.get(), MEMMGR_SUBSCRIBE_KILLS), 0);
    EXPECT_EQ(report(session, MEMMGR_CREATE, victim.pid, "org.example.victim", 100), 0);
    EXPECT_EQ(report(session, MEMMGR_BACKGROUND, victim.pid), 0);
    change.word = MEMMGR_ACCOUNT_COLD_SWITCH;
    change.account = 101;
    EXPECT_EQ(memmgr_session_report(session.get(), &change, nullptr), 0);
    memmgr_event event = next(session, MEMMGR_EVENT_KILL);
    EXPECT_EQ(event.pid, victim.pid);
    EXPECT_FALSE(event.is_ended);
    EXPECT_FALSE(event.is_dry_run);
    EXPECT_STREQ(event.name, "org.example.victim");
    EXPECT_STRNE(event.text, "");
    event = next(session, MEMMGR_EVENT_KILL);
    EXPECT_EQ(event.pid, victim.pid);
    EXPECT_TRUE(event.is_ended);
    EXPECT_EQ(WTERMSIG(victim.wait()), SIGKILL);
    EXPECT_EQ(next(session, MEMMGR_EVENT_KILL, 0).kind, 0);
    (void)end(SIGTERM);
}

} // namespace
