/* Load generator for Socket.IO v5 / Engine.IO v4 servers: one thread, epoll, nothing allocated per message.
 *
 *   loadgen MODE --port P [--conns N] [--depth D] [--secs S] [--warmup S] [--payload BYTES]
 *                [--inflight K] [--host 127.0.0.1] [--stall SECS]
 *
 * MODE
 *   echo         N websocket clients, each with D outstanding 'echo' events waiting for their acks   (W1)
 *   bounce       the same, 'bounce' -> 'bounced'                                                     (W2)
 *   shout        N clients; client 0 sends 'shout' when all N have received the previous one         (W3)
 *   connect      opens N websocket clients (K in flight), keeps them open, reports the rate          (W4)
 *   pollconnect  N long-polling handshakes (GET, POST 40, GET), K in flight, one TCP connection each (W4)
 *   idle         opens N websocket clients and keeps them (answering pings) until stdin is closed    (W5)
 *   pollecho     N long-polling sessions, each: POST an echo with ack, GET the answer, again         (W6)
 *   http         N keep-alive connections doing GET / in a closed loop                               (W7)
 *
 * Output: lines on stdout.  'begin' and 'end' mark the measured window, so that the harness can sample the
 * server's CPU time; 'ready' says that all clients of 'idle' are open; the last line is a JSON object.
 *
 * RULES
 *   Everything it sends is legal: a fresh Sec-WebSocket-Key for each connection, a fresh masking key for each frame
 *   (RFC 6455, 5.3), pongs with the ping's payload (5.5.3), a close frame answered (5.5.1), Engine.IO pings answered
 *   on either transport, one GET at a time of a polling session.
 *   Every loop is closed and bounded: at most D events of a client are outstanding, at most K connections are being
 *   opened, a keep-alive connection that the server closes is opened again only if it gave an answer before, and
 *   nothing waits longer than --stall for progress.
 *   Every answer is compared with what was sent; what does not match is counted in "errors", the first is printed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum mode { ECHO, BOUNCE, SHOUT, CONNECT, POLLCONNECT, IDLE, POLLECHO, HTTP };
static const char *mode_names[] = {"echo", "bounce", "shout", "connect", "pollconnect", "idle", "pollecho", "http"};

enum state { FREE, TCP, UPGRADE, WS_OPEN, WS_NAMESPACE, P_OPEN, P_POST40, P_GET40, READY, P_WAIT_POST, P_WAIT_GET, DEAD };

#define RING 64                       /* > the greatest depth; send times by sequence number */

struct conn {
    int fd, want_out;
    int ping_due;                     /* polling: a ping came, the next POST answers it */
    int answers;                      /* HTTP responses on this TCP connection */
    enum state state, resume;         /* resume: the request to repeat after a reconnect (polling, http) */
    char *in, *out;                   /* bytes of an incomplete frame / bytes the socket did not take */
    size_t in_len, in_cap, out_len, out_cap;
    uint32_t seq;
    uint64_t sent_at[RING];
    char sid[64];
};

static enum mode mode;
static int port, n_conns = 50, depth = 1, payload_len = 64, inflight = 20;
static double secs = 5, warmup = 1, stall_secs = 15;
static const char *host = "127.0.0.1";
static struct sockaddr_in address;
static int ep;
static struct conn *conns;
static int n_started, n_ready, n_failed, n_lost, n_reconnects;
static char fill[70000];              /* the payload after its 8-digit sequence number */
static char scratch[1 << 20];         /* what recv fills; a whole response fits */

static uint64_t now;                  /* ns, refreshed once per wakeup */
static uint64_t last_progress;
static uint64_t count, errors;        /* inside the window */
static unsigned slices[4000];         /* count by quarter of a second: shows what the machine's noise does */
static uint64_t window_start;
static uint32_t *samples;             /* latencies, in units of 0.1 us */
static size_t n_samples, cap_samples;
static int measuring, running;
static uint32_t shout_seq, shout_seen;
static uint64_t shout_at;

static uint64_t clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

static void die(const char *what) { perror(what); exit(2); }

static void *grow(void *buffer, size_t size) {
    void *larger = realloc(buffer, size);
    if (!larger) die("realloc");
    return larger;
}

/* xorshift: unpredictable enough for a benchmark, and cheap enough for a fresh key per frame */
static uint32_t random32(void) {
    static uint64_t x;
    if (!x) x = clock_ns() | 1;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (uint32_t)(x >> 16);
}

static void sample(uint64_t ns) {
    if (!measuring) return;
    if (n_samples == cap_samples) {
        cap_samples = cap_samples ? cap_samples * 2 : 1 << 16;
        samples = grow(samples, cap_samples * sizeof *samples);
    }
    ns /= 100;
    samples[n_samples++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

/* ---------------------------------------------------------------- sockets */

static void watch(struct conn *c, int op) {
    struct epoll_event e = {.events = EPOLLIN | (c->want_out ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(ep, op, c->fd, &e) < 0) die("epoll_ctl");
}

static void tcp_connect(struct conn *c) {
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) die("socket");
    int one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->state = TCP;
    c->want_out = 1;
    c->in_len = c->out_len = 0;
    c->answers = 0;
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) die("connect");
    watch(c, EPOLL_CTL_ADD);
}

static void append(char **buf, size_t *len, size_t *cap, const void *data, size_t n) {
    if (*len + n > *cap) {
        *cap = (*len + n) * 2;
        *buf = grow(*buf, *cap);
    }
    memcpy(*buf + *len, data, n);
    *len += n;
}

static void put(struct conn *c, const void *data, size_t n) { append(&c->out, &c->out_len, &c->out_cap, data, n); }

static void flush_out(struct conn *c) {
    if (!c->out_len || c->state == TCP || c->state == DEAD) return;
    ssize_t n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL);
    if (n < 0) {
        if (errno != EAGAIN) return;  /* the read side will see the failure */
        n = 0;
    }
    memmove(c->out, c->out + n, c->out_len - n);
    c->out_len -= n;
    if ((c->out_len > 0) != c->want_out) {
        c->want_out = c->out_len > 0;
        watch(c, EPOLL_CTL_MOD);
    }
}

static void drop(struct conn *c) {
    if (c->state == DEAD) return;
    if (c->state == READY || c->state == P_WAIT_GET || c->state == P_WAIT_POST) n_lost++;
    else n_failed++;
    close(c->fd);
    c->state = DEAD;
}

/* ---------------------------------------------------------------- sending */

enum opcode { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };

static void ws_frame(struct conn *c, enum opcode opcode, const char *payload, size_t n) {
    unsigned char head[14], *p = head;
    *p++ = 0x80 | opcode;             /* FIN: never fragmented */
    if (n < 126) *p++ = 0x80 | n;
    else if (n < 65536) { *p++ = 0x80 | 126; *p++ = n >> 8; *p++ = n; }
    else { *p++ = 0x80 | 127; for (int s = 56; s >= 0; s -= 8) *p++ = (uint64_t)n >> s; }
    uint32_t bits = random32();
    unsigned char key[4];
    memcpy(key, &bits, 4);
    memcpy(p, key, 4);
    p += 4;
    put(c, head, p - head);
    size_t at = c->out_len;
    put(c, payload, n);
    for (size_t i = 0; i < n; i++) c->out[at + i] ^= key[i & 3];
}

static void ws_send(struct conn *c, const char *text, size_t n) { ws_frame(c, TEXT, text, n); }

/* '42<id>["echo","00000017xxxx..."]' and so on; returns its length */
static size_t event_text(char *to, const char *name, int with_ack, uint32_t seq) {
    char *p = to;
    p += with_ack ? sprintf(p, "42%u[\"%s\",\"%08u", seq, name, seq) : sprintf(p, "42[\"%s\",\"%08u", name, seq);
    memcpy(p, fill, payload_len - 8);
    p += payload_len - 8;
    *p++ = '"'; *p++ = ']';
    return p - to;
}

static void send_event(struct conn *c) {
    static char text[sizeof fill + 100];
    c->seq++;
    c->sent_at[c->seq % RING] = now;
    ws_send(c, text, event_text(text, mode == ECHO ? "echo" : "bounce", mode == ECHO, c->seq));
}

static void send_shout(struct conn *c) {
    static char text[sizeof fill + 100];
    shout_seen = 0;
    shout_at = now;
    ws_send(c, text, event_text(text, "shout", 0, ++shout_seq));
    flush_out(c);
}

static void http_send(struct conn *c, const char *method, const char *query, const char *body) {
    char text[512];
    int n = sprintf(text, "%s %s%s%s HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: loadgen\r\nAccept: */*\r\n",
                    method, query, *c->sid && *query == '/' && query[1] ? "&sid=" : "",
                    query[1] ? c->sid : "", host, port);
    if (body) n += sprintf(text + n, "Content-Type: text/plain;charset=UTF-8\r\nContent-Length: %zu\r\n", strlen(body));
    n += sprintf(text + n, "\r\n");
    put(c, text, n);
    if (body) put(c, body, strlen(body));
    flush_out(c);                     /* head and body with one send */
}

#define POLL_URL "/socket.io/?EIO=4&transport=polling"

static void poll_get(struct conn *c, enum state s) { c->state = s; http_send(c, "GET", POLL_URL, NULL); }

static void poll_post_echo(struct conn *c) {
    static char text[sizeof fill + 100];
    char *p = text;
    if (c->ping_due) { *p++ = '3'; *p++ = '\x1e'; c->ping_due = 0; }
    c->seq++;
    c->sent_at[c->seq % RING] = now;
    p[event_text(p, "echo", 1, c->seq)] = 0;
    c->state = P_WAIT_POST;
    http_send(c, "POST", POLL_URL, text);
}

/* What to say first on a new TCP connection (or again, when the server closed the previous one). */
static void first_words(struct conn *c) {
    if (mode == HTTP) {
        if (c->resume == FREE) n_ready++;
        c->state = c->resume = READY;
        if (running) { c->sent_at[0] = now; http_send(c, "GET", "/", NULL); }
    } else if (mode == POLLCONNECT || mode == POLLECHO) {
        if (c->resume == FREE) poll_get(c, P_OPEN);
        else if (c->resume == P_POST40) { c->state = P_POST40; http_send(c, "POST", POLL_URL, "40"); }
        else if (c->resume == P_WAIT_POST) poll_post_echo(c);
        else if (c->resume == READY) { c->state = READY; if (running) poll_post_echo(c); }
        else poll_get(c, c->resume);
    } else {
        /* 16 random bytes in base64: 21 characters of 6 bits, one of 2 bits, padding (RFC 6455, 4.1) */
        static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        char text[512], key[25];
        for (int i = 0; i < 21; i++) key[i] = base64[random32() & 63];
        key[21] = base64[random32() & 48];
        strcpy(key + 22, "==");
        c->state = UPGRADE;
        put(c, text, sprintf(text, "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: %s:%d\r\n"
            "User-Agent: loadgen\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n", host, port, key));
        flush_out(c);
    }
}

/* ---------------------------------------------------------------- receiving */

static void became_ready(struct conn *c) {
    c->state = READY;
    n_ready++;
    last_progress = now;
}

static int is_payload(const char *p, size_t n, uint32_t *seq) {      /* '"00000017xxx..."]' */
    if (n != (size_t)payload_len + 3 || *p != '"' || memcmp(p + 9, fill, payload_len - 8) || p[n - 1] != ']') return 0;
    *seq = strtoul(p + 1, NULL, 10);
    return 1;
}

static void counted(void) {
    if (!measuring) return;
    count++;
    uint64_t i = (now - window_start) / 250000000;
    if (i < sizeof slices / sizeof *slices) slices[i]++;
}

static void answered(struct conn *c, uint32_t seq) {
    counted();
    last_progress = now;
    sample(now - c->sent_at[seq % RING]);
    if (running) send_event(c);
}

/* One Engine.IO packet received by websocket */
static void ws_packet(struct conn *c, const char *p, size_t n) {
    uint32_t seq;
    if (n >= 1 && *p == '2') { ws_send(c, "3", 1); return; }
    if (n >= 1 && *p == '6') return;
    if (c->state == WS_OPEN && n > 1 && *p == '0') { c->state = WS_NAMESPACE; ws_send(c, "40", 2); return; }
    if (c->state == WS_NAMESPACE && n > 2 && !memcmp(p, "40", 2)) { became_ready(c); return; }
    if (n > 3 && !memcmp(p, "43", 2) && mode == ECHO) {
        const char *q = p + 2;
        uint32_t id = 0;
        while (*q >= '0' && *q <= '9') id = id * 10 + (*q++ - '0');
        if (*q == '[' && is_payload(q + 1, p + n - q - 1, &seq) && seq == id) { answered(c, id); return; }
    } else if (n > 14 && mode == BOUNCE && !memcmp(p, "42[\"bounced\",", 13)) {
        if (is_payload(p + 13, n - 13, &seq)) { answered(c, seq); return; }
    } else if (n > 14 && mode == SHOUT && !memcmp(p, "42[\"shouted\",", 13)) {
        if (is_payload(p + 13, n - 13, &seq) && seq == shout_seq) {
            counted();
            last_progress = now;
            if (++shout_seen == (uint32_t)n_ready) {
                sample(now - shout_at);
                if (running) send_shout(conns);
            }
            return;
        }
    }
    if (!errors++) fprintf(stderr, "unexpected packet in state %d: %.*s\n", c->state, (int)(n > 200 ? 200 : n), p);
}

/* Consumes complete frames; returns the bytes used, or -1 when the connection is over. */
static ssize_t ws_frames(struct conn *c, const char *buf, size_t len) {
    size_t at = 0;
    while (len - at >= 2) {
        const unsigned char *p = (const unsigned char *)buf + at;
        uint64_t n = p[1] & 127;
        size_t head = 2;
        if (n == 126) { if (len - at < 4) break; n = p[2] << 8 | p[3]; head = 4; }
        else if (n == 127) {
            if (len - at < 10) break;
            n = 0;
            for (int i = 2; i < 10; i++) n = n << 8 | p[i];
            head = 10;
        }
        if (len - at < head + n) break;
        if (p[0] == 0x81) ws_packet(c, buf + at + head, n);
        else if (p[0] == (0x80 | CLOSE)) {
            ws_frame(c, CLOSE, buf + at + head, n);
            flush_out(c);
            return -1;
        }
        else if (p[0] == (0x80 | PING)) ws_frame(c, PONG, buf + at + head, n);
        else errors++;                /* none of the servers has a reason to fragment or to send binary */
        at += head + n;
    }
    return at;
}

static const char *header(const char *head, const char *end, const char *name) {
    size_t n = strlen(name);
    for (const char *p = head; p && p < end; p = memchr(p, '\n', end - p), p = p ? p + 1 : p)
        if (!strncasecmp(p, name, n) && p[n] == ':') {
            p += n + 1;
            while (*p == ' ') p++;
            return p;
        }
    return NULL;
}

/* A whole HTTP response in buf?  Its total length, or 0; body/body_len set (chunks joined in place). */
static size_t http_response(char *buf, size_t len, int eof, int *status, char **body, size_t *body_len, int *closes) {
    char *end = memmem(buf, len, "\r\n\r\n", 4);
    if (!end || len < 12) return 0;
    char *start = end + 4;
    *status = atoi(buf + 9);
    const char *h = header(buf, end, "Connection");
    *closes = h ? !strncasecmp(h, "close", 5) : !strncmp(buf, "HTTP/1.0", 8);
    *body = start;
    if (*status == 101) { *body_len = 0; return start - buf; }
    if ((h = header(buf, end, "Content-Length"))) {
        *body_len = strtoul(h, NULL, 10);
        return len - (start - buf) >= *body_len ? start - buf + *body_len : 0;
    }
    if ((h = header(buf, end, "Transfer-Encoding")) && !strncasecmp(h, "chunked", 7)) {
        char *p = start, *q = start, *stop = buf + len;
        static char joined[1 << 20];
        *body = joined;
        *body_len = 0;
        for (;;) {
            char *nl = memmem(q, stop - q, "\r\n", 2);
            if (!nl) return 0;
            size_t n = strtoul(q, NULL, 16);
            p = nl + 2;
            if ((size_t)(stop - p) < n + 2) return 0;
            if (*body_len + n > sizeof joined) { errors++; return 0; }
            if (!n) return p + 2 - buf;
            memcpy(joined + *body_len, p, n);
            *body_len += n;
            q = p + n + 2;
        }
    }
    *body_len = len - (start - buf);
    *closes = 1;
    return eof ? len : 0;
}

static void retry(struct conn *c, enum state what) {  /* the server closed: the next request on a new connection */
    close(c->fd);
    n_reconnects++;
    c->resume = what;
    tcp_connect(c);
}

static void http_answer(struct conn *c, int status, char *body, size_t n, int closes) {
    if (status != 200) {
        if (!errors++) fprintf(stderr, "HTTP %d in state %d: %.*s\n", status, c->state, (int)(n > 200 ? 200 : n), body);
        drop(c);
        return;
    }
    last_progress = now;
    c->answers++;
    if (mode == HTTP) {
        if (n != 5 || memcmp(body, "hello", 5)) errors++;
        counted();
        sample(now - c->sent_at[0]);
        if (closes) retry(c, READY);
        else if (running) { c->sent_at[0] = now; http_send(c, "GET", "/", NULL); }
        return;
    }
    switch (c->state) {
    case P_OPEN: {
        char *s = memmem(body, n, "\"sid\":\"", 7), *e = s ? memchr(s + 7, '"', body + n - s - 7) : NULL;
        if (!e || (size_t)(e - s - 7) >= sizeof c->sid) { errors++; drop(c); return; }
        memcpy(c->sid, s + 7, e - s - 7);
        if (closes) { retry(c, P_POST40); return; }
        c->state = P_POST40;
        http_send(c, "POST", POLL_URL, "40");
        return;
    }
    case P_POST40:
        if (closes) retry(c, P_GET40); else poll_get(c, P_GET40);
        return;
    case P_GET40:
        if (n >= 1 && *body == '2') {    /* a ping may come first, alone or together with the answer */
            c->ping_due = 1;
            if (n == 1) { if (closes) retry(c, P_GET40); else poll_get(c, P_GET40); return; }
            body += 2;
            n -= 2;
        }
        if (n < 2 || memcmp(body, "40", 2)) { errors++; drop(c); return; }
        became_ready(c);
        if (mode == POLLCONNECT) { close(c->fd); c->state = DEAD; return; }
        if (closes) { retry(c, READY); return; }
        if (running) poll_post_echo(c);
        return;
    case P_WAIT_POST:
        if (closes) retry(c, P_WAIT_GET); else poll_get(c, P_WAIT_GET);
        return;
    case P_WAIT_GET: {
        char *p = body, *stop = body + n;
        int got = 0;
        while (p < stop) {
            char *e = memchr(p, '\x1e', stop - p);
            if (!e) e = stop;
            if (*p == '2') c->ping_due = 1;
            else if (e - p > 3 && !memcmp(p, "43", 2)) {
                uint32_t id = strtoul(p + 2, NULL, 10), seq = 0;
                char *q = memchr(p, '[', e - p);
                if (q && is_payload(q + 1, e - q - 1, &seq) && seq == id && id == c->seq) {
                    got = 1;
                    counted();
                    sample(now - c->sent_at[id % RING]);
                } else errors++;
            } else if (*p != '6' && !errors++) fprintf(stderr, "unexpected packet: %.*s\n", (int)(e - p), p);
            p = e + 1;
        }
        enum state next = got ? P_WAIT_POST : P_WAIT_GET;
        if (closes) retry(c, running ? next : READY);
        else if (!got) poll_get(c, P_WAIT_GET);
        else if (running) poll_post_echo(c);
        else c->state = READY;
        return;
    }
    default: errors++; drop(c);
    }
}

static void readable(struct conn *c) {
    ssize_t n = recv(c->fd, scratch, sizeof scratch, 0);
    if (n < 0) {
        if (errno == EAGAIN) return;
        n = 0;
    }
    int eof = n == 0;
    char *buf = scratch;
    size_t len = n;
    if (c->in_len) {                  /* an incomplete frame from before: parse both together */
        append(&c->in, &c->in_len, &c->in_cap, scratch, n);
        buf = c->in;
        len = c->in_len;
    }
    size_t used = 0;
    int plain = mode == HTTP || mode == POLLECHO || mode == POLLCONNECT;
    if (plain || c->state == UPGRADE) {
        int status = 0, closes = 0;
        char *body = NULL;
        size_t body_len = 0;
        size_t whole = http_response(buf, len, eof, &status, &body, &body_len, &closes);
        if (whole && plain) {
            c->in_len = 0;
            http_answer(c, status, body, body_len, closes);
            return;
        }
        if (whole && status != 101) {
            if (!errors++) fprintf(stderr, "no upgrade: HTTP %d\n", status);
            drop(c);
            return;
        }
        if (whole) { c->state = WS_OPEN; used = whole; }
    }
    if (!plain && c->state != UPGRADE) {
        ssize_t m = ws_frames(c, buf + used, len - used);
        if (m < 0) eof = 1; else used += m;
    }
    if (eof) {
        if (plain && c->state != TCP && c->in_len == 0 && mode != POLLCONNECT && (c->state == READY || c->state >= P_WAIT_POST)) {
            /* a keep-alive connection closed between answers: repeat the request (RFC 9112, 9.3.1) */
            if (c->answers) { retry(c, c->state); return; }
        }
        drop(c);
        return;
    }
    if (buf == scratch) { c->in_len = 0; if (used < len) append(&c->in, &c->in_len, &c->in_cap, buf + used, len - used); }
    else { memmove(c->in, c->in + used, len - used); c->in_len = len - used; }
    flush_out(c);
}

/* ---------------------------------------------------------------- main loop */

static int stdin_closed;

static void turn(int timeout_ms) {
    static struct epoll_event events[1024];
    int n = epoll_wait(ep, events, 1024, timeout_ms);
    now = clock_ns();
    for (int i = 0; i < n; i++) {
        struct conn *c = events[i].data.ptr;
        if (!c) {
            char b[64];
            if (read(0, b, sizeof b) <= 0) stdin_closed = 1;
            continue;
        }
        if (c->state == DEAD) continue;
        if (i % 16 == 0) now = clock_ns();    /* a turn may take long: 1024 events */
        if (c->state == TCP) {
            int e = 0;
            socklen_t l = sizeof e;
            getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &l);
            if (e) { errno = e; if (!errors++) perror("connect"); drop(c); continue; }
            c->want_out = 0;
            watch(c, EPOLL_CTL_MOD);
            first_words(c);
            continue;
        }
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(c);
        else if (events[i].events & EPOLLOUT) flush_out(c);
    }
}

static double cpu_seconds(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double quantile_ms(double q) {
    if (!n_samples) return -1;
    size_t i = (size_t)(q * n_samples);
    return samples[i < n_samples ? i : n_samples - 1] / 1e4;
}

int main(int argc, char **argv) {
    if (argc < 2) { fprintf(stderr, "usage: loadgen MODE --port P ... (see the head of loadgen.c)\n"); return 2; }
    int m = -1;
    for (int i = 0; i <= HTTP; i++) if (!strcmp(argv[1], mode_names[i])) m = i;
    if (m < 0) { fprintf(stderr, "unknown mode %s\n", argv[1]); return 2; }
    mode = m;
    for (int i = 2; i + 1 < argc; i += 2) {
        const char *o = argv[i], *v = argv[i + 1];
        if (!strcmp(o, "--port")) port = atoi(v);
        else if (!strcmp(o, "--host")) host = v;
        else if (!strcmp(o, "--conns")) n_conns = atoi(v);
        else if (!strcmp(o, "--depth")) depth = atoi(v);
        else if (!strcmp(o, "--payload")) payload_len = atoi(v);
        else if (!strcmp(o, "--inflight")) inflight = atoi(v);
        else if (!strcmp(o, "--secs")) secs = atof(v);
        else if (!strcmp(o, "--warmup")) warmup = atof(v);
        else if (!strcmp(o, "--stall")) stall_secs = atof(v);
        else { fprintf(stderr, "unknown option %s\n", o); return 2; }
    }
    if (depth >= RING || payload_len < 8 || payload_len > 60000) { fprintf(stderr, "depth or payload out of range\n"); return 2; }
    setvbuf(stdout, NULL, _IOLBF, 0);
    memset(fill, 'x', sizeof fill);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, host, &address.sin_addr);
    ep = epoll_create1(0);
    conns = calloc(n_conns, sizeof *conns);
    if (n_conns < 1 || !conns) { fprintf(stderr, "conns out of range\n"); return 2; }

    /* 1. open the connections, at most `inflight` of them at a time under way */
    int is_connect = mode == CONNECT || mode == POLLCONNECT;
    uint64_t t0 = now = last_progress = clock_ns();
    if (is_connect) printf("begin\n");
    double cpu0 = cpu_seconds();
    int ramp_stalled = 0;
    while (n_ready + n_failed < n_conns) {
        while (n_started < n_conns && n_started - n_ready - n_failed < inflight) {
            tcp_connect(&conns[n_started++]);
        }
        turn(100);
        if (now - last_progress > stall_secs * 1e9) { ramp_stalled = 1; break; }
    }
    double ramp = ((ramp_stalled ? last_progress : clock_ns()) - t0) / 1e9;
    double window = ramp, cpu = cpu_seconds() - cpu0;
    int stalled = ramp_stalled;
    if (is_connect) { printf("end\n"); count = n_ready; }

    /* 2. the workload itself */
    if (mode == IDLE) {
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
        epoll_ctl(ep, EPOLL_CTL_ADD, 0, &e);
        printf("ready\n");
        while (!stdin_closed) turn(200);
        count = n_ready - n_lost;
    } else if (!is_connect && n_ready > 0) {
        for (int i = 0; i < n_started; i++)             /* what never came up does not take part */
            if (conns[i].state != READY && conns[i].state != DEAD && conns[i].state != TCP) { close(conns[i].fd); conns[i].state = DEAD; }
        running = 1;
        now = last_progress = clock_ns();
        errors = 0;
        if (mode == SHOUT) send_shout(conns);
        else for (int i = 0; i < n_started; i++) {
            struct conn *c = &conns[i];
            if (c->state != READY) continue;
            if (mode == HTTP) { c->sent_at[0] = now; http_send(c, "GET", "/", NULL); }
            else if (mode == POLLECHO) poll_post_echo(c);
            else { for (int d = 0; d < depth; d++) send_event(c); flush_out(c); }
        }
        uint64_t warm_until = clock_ns() + (uint64_t)(warmup * 1e9);
        while (clock_ns() < warm_until) turn(50);
        printf("begin\n");
        uint64_t start = window_start = now = clock_ns(), stop = start + (uint64_t)(secs * 1e9);
        cpu0 = cpu_seconds();
        measuring = 1;
        while ((now = clock_ns()) < stop) {
            turn(50);
            if (now - last_progress > stall_secs * 1e9) { stalled = 1; break; }
        }
        measuring = 0;
        window = (clock_ns() - start) / 1e9;
        cpu = cpu_seconds() - cpu0;
        printf("end\n");
    }
    if (n_samples) qsort(samples, n_samples, sizeof *samples, by_value);
    printf("{\"mode\":\"%s\",\"wanted\":%d,\"connected\":%d,\"failed\":%d,\"lost\":%d,\"errors\":%llu,\"stalled\":%s,"
           "\"ramp_s\":%.3f,\"window_s\":%.3f,\"count\":%llu,\"rate\":%.1f,\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"max_ms\":%.4f,"
           "\"samples\":%zu,\"reconnects\":%d,\"gen_cpu\":%.3f,\"slices_per_s\":[",
           argv[1], n_conns, n_ready, n_failed, n_lost, (unsigned long long)errors, stalled ? "true" : "false",
           ramp, window, (unsigned long long)count, window > 0 ? count / window : 0,
           quantile_ms(.5), quantile_ms(.99), quantile_ms(1), n_samples, n_reconnects, window > 0 ? cpu / window : 0);
    for (int i = 0; i < (int)(secs * 4) && window_start; i++) printf("%s%u", i ? "," : "", slices[i] * 4);
    printf("]}\n");
    return 0;
}
