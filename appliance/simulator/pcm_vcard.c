// SPDX-License-Identifier: MIT
// A sound card that is not there: an ALSA plugin, paced by CLOCK_MONOTONIC.
//
// A microphone gives what is in a FIFO, and silence when that is empty; a speaker
// appends what its converter consumes to a file. No kernel module, no daemon. It is
// an external I/O plugin (alsa-lib, doc/pcm_external.h), used by a definition such as
//
//   pcm_type.vcard { lib "/path/libasound_module_pcm_vcard.so" }
//   pcm.microphone { type vcard microphone "/path/fifo" tape "/path/spoken.raw" }
//   pcm.speaker    { type vcard speaker "/path/heard.raw" }
//
// microphone FILE  the FIFO to take samples from: this PCM captures
// tape FILE        gets every frame the application was given
// speaker FILE     gets every frame that was played: this PCM plays
// clock_log FILE   gets one line of JSON whenever the stream starts: which frame
//                  of the tape or of the speaker's file, at which nanosecond
// fault FILE       its first byte, looked at in each call: s (stall: the clock stops),
//                  g (gone: -ENODEV, as unplugged), x (xrun: once, then it is 0), b
//                  (busy: -EBUSY to whoever opens it next), o (once: it stalls as soon
//                  as a stream has been stopped), l (late: to open it takes 3 s), or 0.
//                  It is mapped: write into it, never cut it short or replace it
// rate, channels, format   what the card insists on; default: any rate, 1, S16_LE
// ppm N            the clock runs fast by N parts per million; 9000000 is ten times
//
// The ring between application and card counts frames in three places: appl_ptr (the
// application's, kept by alsa-lib), `moved` (the card's) and, of a microphone,
// `taped` (given to the application and written to the tape).

#define _GNU_SOURCE
#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000, FIFO_BYTES = 1 << 20, TIMER_OFF_NS = 5000 };

// A converter takes samples in bursts: so many a second, and one ends with the period.
enum { BURSTS_PER_S = 500 };

// What Bluetooth, HDMI and hubs take to wake up.
enum { LATE_S = 3 };

enum fault {
    FAULT_NONE,
    FAULT_STALL = 's',
    FAULT_GONE = 'g',
    FAULT_XRUN = 'x',
    FAULT_BUSY = 'b',
    FAULT_ONCE = 'o',
    FAULT_LATE = 'l'
};

struct card {
    snd_pcm_ioplug_t io;
    int timer;
    int64_t timer_ns, timer_every_ns;  // when it expires next, and how often
    int sound;  // the microphone's FIFO, or the speaker's file
    int tape;
    char *clock_log;
    char *fault;  // the fault file's first byte
    long rate_hz, channels, ppm;
    snd_pcm_format_t format;
    size_t frame_bytes;
    bool running;
    int64_t started_ns;
    uint64_t moved, taped;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static bool captures(const struct card *card)
{
    return card->io.stream == SND_PCM_STREAM_CAPTURE;
}

static double frame_ns(const struct card *card)
{
    return NS_PER_S / (card->io.rate * (1 + card->ppm * 1e-6));
}

static enum fault current_fault(const struct card *card)
{
    return __atomic_load_n(card->fault, __ATOMIC_ACQUIRE);
}

// Exchanged, so that no two streams have the same xrun, and no later fault is lost.
static bool takes_xrun(struct card *card)
{
    char expected = FAULT_XRUN;
    return __atomic_compare_exchange_n(card->fault, &expected, FAULT_NONE, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static void append(int file, const char *bytes, size_t length)
{
    // A full disk must not stop the card: the test that reads the file will fail.
    if (file >= 0 && write(file, bytes, length) < 0)
        SNDERR("cannot write: %s", strerror(errno));
}

static void take_from_fifo(const struct card *card, char *bytes, size_t length)
{
    size_t taken = 0;
    ssize_t n;
    while (taken < length && (n = read(card->sound, bytes + taken, length - taken)) > 0)
        taken += n;
    memset(bytes + taken, 0, length - taken);
}

// The part of the ring that begins at `frame`: at most *frames, up to the ring's end.
static char *ring_part(struct card *card, uint64_t frame, uint64_t *frames)
{
    const snd_pcm_channel_area_t *area = snd_pcm_ioplug_mmap_areas(&card->io);
    uint64_t offset = frame % card->io.buffer_size;
    if (*frames > card->io.buffer_size - offset)
        *frames = card->io.buffer_size - offset;
    return (char *)area->addr + area->first / 8 + offset * card->frame_bytes;
}

// Let the converter take or give the next `frames`.
static void move(struct card *card, uint64_t frames)
{
    while (frames) {
        uint64_t part = frames;
        char *bytes = ring_part(card, card->moved, &part);
        if (captures(card))
            take_from_fifo(card, bytes, part * card->frame_bytes);
        else
            append(card->sound, bytes, part * card->frame_bytes);
        card->moved += part;
        frames -= part;
    }
}

// Write to the tape what the application has read, before the ring is written over.
static void tape_what_was_given(struct card *card)
{
    while (captures(card) && card->taped < card->io.appl_ptr) {
        uint64_t part = card->io.appl_ptr - card->taped;
        char *bytes = ring_part(card, card->taped, &part);
        append(card->tape, bytes, part * card->frame_bytes);
        card->taped += part;
    }
}

// The end of the last burst that was complete at `frame`.
static uint64_t burst_end(uint64_t frame, uint64_t period, uint64_t burst)
{
    uint64_t in_period = frame % period;
    return frame - in_period % burst;
}

// Move what is due by now; -EPIPE if the application did not keep up.
static int keep_up(struct card *card)
{
    if (!card->running || current_fault(card) == FAULT_STALL)
        return 0;
    uint64_t target = burst_end((now_ns() - card->started_ns) / frame_ns(card),
                                card->io.period_size, card->io.rate / BURSTS_PER_S);
    uint64_t due = target > card->moved ? target - card->moved : 0;
    uint64_t ahead = captures(card) ? card->io.appl_ptr + card->io.buffer_size
                                    : card->io.appl_ptr;
    uint64_t room = ahead - card->moved;
    move(card, due < room ? due : room);
    return due > 0 && due >= room ? -EPIPE : 0;
}

// 20 µs past the boundary, so that the period is complete by anyone's rounding.
static int64_t period_end(const struct card *card)
{
    double period_ns = card->io.period_size * frame_ns(card);
    uint64_t periods = (now_ns() - card->started_ns) / period_ns;
    return card->started_ns + (periods + 1) * period_ns + 20000;
}

static void set_timer(struct card *card, int64_t end_ns)
{
    // Up to 1 ns too long, so that it comes to be late, not early.
    int64_t every = card->io.period_size * frame_ns(card) + 1;
    struct itimerspec at = {{every / NS_PER_S, every % NS_PER_S},
                            {end_ns / NS_PER_S, end_ns % NS_PER_S}};
    timerfd_settime(card->timer, TFD_TIMER_ABSTIME, &at, NULL);
    card->timer_ns = end_ns;
    card->timer_every_ns = every;
}

// Set anew only when it is off, not for each period: that costs a system call.
static void await_period_end(struct card *card)
{
    uint64_t expirations;
    if (read(card->timer, &expirations, sizeof expirations) <= 0)
        return;
    card->timer_ns += expirations * card->timer_every_ns;
    int64_t end_ns = period_end(card);
    if (llabs(card->timer_ns - end_ns) > TIMER_OFF_NS)
        set_timer(card, end_ns);
}

static void log_start(const struct card *card)
{
    int log = card->clock_log ? open(card->clock_log,
                                     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)
                              : -1;
    if (log < 0)
        return;
    off_t end = lseek(captures(card) ? card->tape : card->sound, 0, SEEK_END);
    dprintf(log,
            "{\"stream\": \"%s\", \"frame\": %lld, \"at_ns\": %lld, "
            "\"frame_ns\": %.9f, \"rate_hz\": %u, "
            "\"period_frames\": %lu, \"buffer_frames\": %lu}\n",
            captures(card) ? "microphone" : "speaker",
            end < 0 ? 0LL : (long long)(end / card->frame_bytes),
            (long long)card->started_ns, frame_ns(card), card->io.rate,
            card->io.period_size, card->io.buffer_size);
    close(log);
}

static int card_prepare(snd_pcm_ioplug_t *io)
{
    struct card *card = io->private_data;
    card->running = false;
    card->moved = card->taped = 0;
    card->frame_bytes = snd_pcm_format_physical_width(io->format) / 8 * io->channels;
    return current_fault(card) == FAULT_GONE ? -ENODEV : 0;
}

static int card_start(snd_pcm_ioplug_t *io)
{
    struct card *card = io->private_data;
    card->started_ns = now_ns();
    card->running = true;
    set_timer(card, period_end(card));
    log_start(card);
    return 0;
}

static int card_stop(snd_pcm_ioplug_t *io)
{
    struct card *card = io->private_data;
    struct itimerspec never = {{0, 0}, {0, 0}};
    tape_what_was_given(card);
    if (current_fault(card) != FAULT_GONE)
        keep_up(card);
    if (card->running && current_fault(card) == FAULT_ONCE)
        __atomic_store_n(card->fault, FAULT_STALL, __ATOMIC_RELEASE);
    card->running = false;
    timerfd_settime(card->timer, 0, &never, NULL);
    return 0;
}

// alsa-lib asks in PREPARED, too: nothing has moved then, and nothing may.
static snd_pcm_sframes_t card_pointer(snd_pcm_ioplug_t *io)
{
    struct card *card = io->private_data;
    enum fault fault = current_fault(card);
    tape_what_was_given(card);  // what comes of a fault forgets it
    if (fault == FAULT_GONE)
        return -ENODEV;
    if (fault == FAULT_XRUN && card->running && takes_xrun(card))
        return -EPIPE;
    int error = keep_up(card);
    return error < 0 ? error : (snd_pcm_sframes_t)(card->moved % io->buffer_size);
}

static int card_poll_revents(snd_pcm_ioplug_t *io, struct pollfd *polled,
                             unsigned count, unsigned short *revents)
{
    struct card *card = io->private_data;
    enum fault fault = current_fault(card);
    *revents = 0;
    if (fault == FAULT_GONE) {
        *revents = POLLERR | POLLHUP;
        return 0;
    }
    if (count < 1 || !(polled[0].revents & POLLIN))
        return 0;
    await_period_end(card);
    if (fault != FAULT_STALL)
        *revents = captures(card) ? POLLIN : POLLOUT;
    return 0;
}

static void free_card(struct card *card)
{
    int files[] = {card->timer, card->sound, card->tape};
    for (int i = 0; i < 3; i++)
        if (files[i] >= 0)
            close(files[i]);
    if (card->fault != MAP_FAILED)
        munmap(card->fault, 1);
    free(card->clock_log);
    free(card);
}

static int card_close(snd_pcm_ioplug_t *io)
{
    free_card(io->private_data);
    return 0;
}

static const snd_pcm_ioplug_callback_t callbacks = {
    .prepare = card_prepare,
    .start = card_start,
    .stop = card_stop,
    .pointer = card_pointer,
    .poll_revents = card_poll_revents,
    .close = card_close,
};

// Map the fault file's first byte; where there can be none, one that stays 0.
static char *mapped_fault(const char *path)
{
    int file = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644) : -1;
    char first;
    // To look beyond the end of a file would kill the process.
    bool usable =
        file >= 0 && (pread(file, &first, 1, 0) == 1 || !ftruncate(file, 1));
    char *byte = mmap(NULL, 1, PROT_READ | PROT_WRITE,
                      usable ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS,
                      usable ? file : -1, 0);
    if (path && !usable)
        SNDERR("vcard: there will be no faults, for want of %s", path);
    if (file >= 0)
        close(file);
    return byte;
}

static int open_files(struct card *card, bool capture, const char *sound,
                      const char *tape)
{
    int append_only = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
    if (!sound)
        return -EINVAL;  // a microphone cannot play, a speaker cannot capture
    if (card->fault == MAP_FAILED)
        return -ENOMEM;
    enum fault fault = current_fault(card);
    if (fault == FAULT_GONE || fault == FAULT_BUSY)
        return fault == FAULT_GONE ? -ENODEV : -EBUSY;
    if (fault == FAULT_LATE)
        sleep(LATE_S);
    card->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    card->sound = capture ? open(sound, O_RDWR | O_NONBLOCK | O_CLOEXEC)
                          : open(sound, append_only, 0644);
    if (card->timer < 0 || card->sound < 0)
        return -errno;
    if (capture)
        fcntl(card->sound, F_SETPIPE_SZ, FIFO_BYTES);
    if (capture && tape && (card->tape = open(tape, append_only, 0644)) < 0)
        return -errno;
    return 0;
}

static int create(struct card *card, snd_pcm_t **pcm, const char *name,
                  snd_pcm_stream_t stream, int mode)
{
    unsigned access[] = {SND_PCM_ACCESS_MMAP_INTERLEAVED, SND_PCM_ACCESS_RW_INTERLEAVED};
    unsigned format[] = {card->format};
    snd_pcm_ioplug_t *io = &card->io;
    io->version = SND_PCM_IOPLUG_VERSION;
    io->name = "virtual card";
    io->callback = &callbacks;
    io->private_data = card;
    io->poll_fd = card->timer;
    io->poll_events = POLLIN;
    io->mmap_rw = 1;
    int error = snd_pcm_ioplug_create(io, name, stream, mode);
    if (error < 0)
        return error;
    snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_ACCESS, 2, access);
    snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_FORMAT, 1, format);
    snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_CHANNELS, card->channels,
                                    card->channels);
    snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_RATE,
                                    card->rate_hz ? card->rate_hz : 8000,
                                    card->rate_hz ? card->rate_hz : 48000);
    snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIODS, 2, 1024);
    snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIOD_BYTES, 64, 1 << 18);
    snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_BUFFER_BYTES, 128, 1 << 20);
    *pcm = io->pcm;
    return 0;
}

struct definition {
    const char *microphone, *speaker, *tape, *clock_log, *fault, *format;
};

// Read the definition; its texts belong to `conf`.
static int read_definition(snd_config_t *conf, struct definition *definition,
                           struct card *card)
{
    const struct { const char *key; const char **text; long *number; } keys[] = {
        {"microphone", &definition->microphone, NULL},
        {"speaker", &definition->speaker, NULL},
        {"tape", &definition->tape, NULL},
        {"clock_log", &definition->clock_log, NULL},
        {"fault", &definition->fault, NULL},
        {"format", &definition->format, NULL},
        {"rate", NULL, &card->rate_hz},
        {"channels", NULL, &card->channels},
        {"ppm", NULL, &card->ppm},
    };
    size_t count = sizeof keys / sizeof *keys, k;
    snd_config_iterator_t i, next;
    snd_config_for_each(i, next, conf) {
        snd_config_t *node = snd_config_iterator_entry(i);
        const char *id;
        if (snd_config_get_id(node, &id) < 0 || !strcmp(id, "type") ||
            !strcmp(id, "hint"))
            continue;
        for (k = 0; k < count && strcmp(id, keys[k].key); k++)
            ;
        if (k == count || (keys[k].text ? snd_config_get_string(node, keys[k].text)
                                        : snd_config_get_integer(node, keys[k].number))) {
            SNDERR("vcard: unknown key, or wrong kind of value: %s", id);
            return -EINVAL;
        }
    }
    return 0;
}

static char *copy_of(const char *text)
{
    return text ? strdup(text) : NULL;
}

SND_PCM_PLUGIN_DEFINE_FUNC(vcard)
{
    bool capture = stream == SND_PCM_STREAM_CAPTURE;
    struct definition definition = {0};
    struct card *card = calloc(1, sizeof *card);
    (void)root;
    if (!card)
        return -ENOMEM;
    card->timer = card->sound = card->tape = -1;
    card->channels = 1;

    int error = read_definition(conf, &definition, card);
    card->clock_log = copy_of(definition.clock_log);
    card->fault = mapped_fault(definition.fault);
    card->format = definition.format ? snd_pcm_format_value(definition.format)
                                     : SND_PCM_FORMAT_S16_LE;
    if (error >= 0)
        error = open_files(card, capture,
                           capture ? definition.microphone : definition.speaker,
                           definition.tape);
    if (error >= 0)
        error = create(card, pcmp, name, stream, mode);
    if (error < 0)
        free_card(card);
    return error;
}
SND_PCM_PLUGIN_SYMBOL(vcard);
