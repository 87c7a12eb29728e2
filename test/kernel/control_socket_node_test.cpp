/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket's node: whose it is, and when it comes and goes. */
#include "control_socket_fixture.h"

#include <fcntl.h>

namespace
{

TEST_F(ControlSocket, ADeadDaemonsNodeIsReplaced)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    struct stat node;

    address.sun_family = AF_UNIX;
    mm_copy_text(address.sun_path, sizeof(address.sun_path), path.c_str());
    ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr *>(&address), sizeof(address)), 0);
    close(fd);
    serve();
    EXPECT_EQ(ask(connect_client(), "x"), "x");
    ASSERT_EQ(stat(path.c_str(), &node), 0);
    EXPECT_EQ(node.st_mode & 0777u, 0660u);
}

TEST_F(ControlSocket, ALiveNodeOfAnyTypeIsLeftAlone)
{
    for (int type : {SOCK_SEQPACKET, SOCK_STREAM, SOCK_DGRAM}) {
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
        sockaddr_un address = {};
        struct stat before, after;

        address.sun_family = AF_UNIX;
        mm_copy_text(address.sun_path, sizeof(address.sun_path), path.c_str());
        ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr *>(&address), sizeof(address)), 0);
        if (type != SOCK_DGRAM) {
            ASSERT_EQ(listen(fd, 1), 0);
        }
        ASSERT_EQ(lstat(path.c_str(), &before), 0);
        EXPECT_EQ(add(options()), -EADDRINUSE) << type;
        ASSERT_EQ(lstat(path.c_str(), &after), 0);
        EXPECT_EQ(before.st_ino, after.st_ino);
        close(fd);
        ASSERT_EQ(unlink(path.c_str()), 0);
    }
}

TEST_F(ControlSocket, AnotherInstanceIsRefusedWhileThisOneLives)
{
    mm_event_center *other = nullptr;
    mm_control_handlers handlers = {on_packet, on_gone, this, nullptr, nullptr, nullptr, nullptr};
    mm_control_options wanted = options();

    serve();
    ASSERT_EQ(mm_event_center_new(&kernel, &other), 0);
    EXPECT_EQ(mm_control_source_add(other, &wanted, &handlers), -EADDRINUSE);
    mm_event_center_free(other);
    EXPECT_EQ(ask(connect_client(), "still here"), "still here");
}

TEST_F(ControlSocket, WhatCannotBeASocketIsRefused)
{
    const std::string file = directory + "/file";
    const std::string long_path = directory + "/" + std::string(120, 'x');
    const std::string nowhere = directory + "/none/control.sock";
    mm_control_options wanted = options();
    int fd = open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    close(fd);
    wanted.path = file.c_str();
    EXPECT_EQ(add(wanted), -ENOTSOCK);
    EXPECT_EQ(access(file.c_str(), F_OK), 0);
    EXPECT_EQ(unlink(file.c_str()), 0);
    wanted.path = long_path.c_str();
    EXPECT_EQ(add(wanted), -ENAMETOOLONG);
    wanted.path = nowhere.c_str();
    EXPECT_EQ(add(wanted), -ENOENT);
    wanted = options();
    wanted.group = "no-such-group-anywhere";
    EXPECT_EQ(add(wanted), -ENOENT);
    for (unsigned max_clients : {0u, 1025u})
        EXPECT_EQ(add(options(max_clients)), -EINVAL);
}

TEST_F(ControlSocket, WithoutAPathThereIsNoSocket)
{
    mm_control_options wanted = options();

    wanted.path = "";
    EXPECT_EQ(add(wanted), 0);
    wanted.path = nullptr;
    EXPECT_EQ(add(wanted), 0);
}

TEST_F(ControlSocket, ANodeThatIsSomebodyElsesByNowStaysWhenItEnds)
{
    serve();
    ASSERT_EQ(unlink(path.c_str()), 0);
    int other = open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    stop();
    mm_event_center_free(center);
    center = nullptr;
    EXPECT_EQ(access(path.c_str(), F_OK), 0);
    close(other);
    ASSERT_EQ(unlink(path.c_str()), 0);
}

TEST_F(ControlSocket, AHandedOverSocketThatBlocksIsServedWithoutBlockingAndItsNodeStays)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    mm_control_options wanted = options();

    address.sun_family = AF_UNIX;
    mm_copy_text(address.sun_path, sizeof(address.sun_path), path.c_str());
    ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr *>(&address), sizeof(address)), 0);
    ASSERT_EQ(listen(fd, 10), 0);
    wanted.listen_fd = fd;
    ASSERT_EQ(add(wanted), 0);
    run();
    EXPECT_EQ(ask(connect_client(), "x"), "x");
    EXPECT_EQ(ask(connect_client(), "y"), "y");
    stop();
    mm_event_center_free(center);
    center = nullptr;
    EXPECT_EQ(access(path.c_str(), F_OK), 0);
    ASSERT_EQ(unlink(path.c_str()), 0);
}

} // namespace
