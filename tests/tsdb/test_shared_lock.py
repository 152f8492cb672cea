import threading

from tsdb.shared_lock import SharedLock


def test_readers_meet_and_a_writer_waits_for_all_of_them():
    lock = SharedLock()
    met = threading.Barrier(3, timeout=5)
    leave, wrote = threading.Event(), threading.Event()

    def read():
        with lock.shared():
            met.wait()
            leave.wait(5)

    def write():
        with lock.alone():
            wrote.set()

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    met.wait()
    writer = threading.Thread(target=write)
    writer.start()
    assert not wrote.wait(0.05)
    leave.set()
    assert wrote.wait(5)
    for thread in [*readers, writer]:
        thread.join()


def test_a_waiting_writer_goes_before_new_readers():
    lock = SharedLock()
    order = []

    def write():
        with lock.alone():
            order.append("writer")

    def read():
        with lock.shared():
            order.append("reader")

    with lock.shared():
        writer = threading.Thread(target=write)
        writer.start()
        while lock._writers == 0:
            pass
        reader = threading.Thread(target=read)
        reader.start()
    writer.join()
    reader.join()
    assert order == ["writer", "reader"]


def test_writers_are_alone():
    lock = SharedLock()
    inside, most = 0, 0

    def write():
        nonlocal inside, most
        for _ in range(200):
            with lock.alone():
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
