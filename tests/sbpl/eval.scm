;; eval.scm: what a sandbox profile of macOS (SBPL, version 1) says to an operation. For guile 3.0.
;;
;;   guile-3.0 eval.scm PROFILE [QUERIES]     one answer a line; QUERIES is a file, else standard input
;;   guile-3.0 eval.scm --grants PROFILE      every rule's operations and filters, one a line (see "grants" below)
;;   guile-3.0 eval.scm --batch [FILE]        many profiles in one run, from a file or standard input; the commands:
;;     profile BYTES      the next BYTES bytes are a profile: prints "ok", or "refused " and why
;;     grants             prints one line for each operation and filter of each rule, then "."
;;     anything else      is a query
;;   Exit status: 0; 2 for a profile that is malformed (a batch goes on) or a usage that is wrong.
;;
;; A query is OPERATION [TAB SUBJECT [TAB KEY=VALUE]...]; %XX in it is a byte. The subject is what the operation is
;; about: a path for file-* and process-exec*; for network-* what is connected to, or the local end for network-bind
;; and network-inbound, as unix:PATH, or tcp4:, tcp6:, udp4:, udp6: and HOST:PORT; self, others, children, pgrp,
;; same-sandbox or initproc for signal, process-info-* and their like; a name for the rest. Keys: vnode (REGULAR-FILE,
;; DIRECTORY, ...), ioctl (a number), domain (AF_UNIX, ...), protocol, extension (one that the process has), remote
;; (for network-inbound: who connects). Answers: "allow", "deny"; for an operation that stands for several
;; (file-write*) "mixed" when these differ; "differs" (below); "error " and why.
;;
;; It is a model, made from what is public and from what others measured, and not Apple's compiler or kernel. Rules
;; are weighed in two ways, and an answer that depends on the way is "differs": a profile that is safe has none of
;; these.
;; - by name: of the operation's own rules the last with a filter that matches, else its last one without a filter,
;;   else its parent's the same way (file-write-data, file-write*, file*, default). So it was measured on macOS.
;; - by order: of the rules that name the operation or one of its ancestors, the last that matches. So it is told
;;   everywhere.
;; Some operations have no parent and a default of their own (allowed, mostly: they came later than the profiles that
;; they would have broken); (deny default) does not reach them, nor does the rule of a name that looks like their
;; ancestor's.
;; It is strict: what a profile may contain according to Apple, and a writer of plain grants does not write, is
;; malformed here: Scheme (define, let, if, param, string-append, import), bytes that are not ASCII outside of
;; strings, escapes other than \\ and \", modifiers that do more than log, rules before (version 1) or before (deny
;; default), (allow default), filters that do not apply to an operation, sysctl-write (it has meant sysctl*), paths
;; that no file has: not absolute, a trailing slash, "//", "/./" or "/../" in them, over 1023 bytes.
;; It does not model: case-insensitive volumes and Unicode normalisation (paths are bytes here), symbolic links (a
;; query's path is what the kernel makes of a name), which operations a system call comes to (the query says that),
;; entitlements, signatures, attributes of files and processes, mount-relative paths, the implicit rules of
;; libsandbox, and what else of the kernel, TCC and SIP refuses beside the sandbox.
(use-modules (ice-9 match) (ice-9 textual-ports) (srfi srfi-1) (srfi srfi-13))

(define (refuse . parts) ; a malformed profile
  (throw 'refused (string-concatenate (map (lambda (p) (if (string? p) p (object->string p))) parts))))

;; --- operations: name, parent, what its filters may be about; "own" before them: a default of its own ---------------

(define file-about '(path vnode file-mode device))
(define operations (make-hash-table))
(define children (make-hash-table))

(define (operation! name parent own about)
  (hashq-set! operations name (list parent own about))
  (when parent (hashq-set! children parent (cons name (hashq-ref children parent '())))))

(define (group parent about . names) (for-each (lambda (n) (operation! n parent #f about)) names))
(define (alone own about . names) (for-each (lambda (n) (operation! n #f own about)) names))

(operation! 'default #f 'deny '())
(group 'default file-about 'file*)
(group 'file* file-about 'file-chroot 'file-issue-extension 'file-mknod 'file-mount 'file-read* 'file-revoke
       'file-search 'file-unmount 'file-write*)
(group 'file* (cons 'ioctl file-about) 'file-ioctl)
(group 'file-mount file-about 'file-mount-update)
(group 'file-read* file-about 'file-read-data 'file-read-metadata 'file-read-xattr)
(group 'file-write* file-about 'file-write-acl 'file-write-create 'file-write-data 'file-write-finderinfo
       'file-write-flags 'file-write-mode 'file-write-owner 'file-write-times 'file-write-unlink 'file-write-xattr)
(alone 'deny file-about 'file-write-setugid)
(alone 'allow file-about 'file-clone 'file-link 'file-lock 'file-map-executable 'file-test-existence)
(group 'default '() 'fs-rename 'fs-snapshot* 'fs-quota*)
(group 'fs-snapshot* '() 'fs-snapshot-create 'fs-snapshot-delete 'fs-snapshot-mount 'fs-snapshot-revert)
(group 'fs-quota* '() 'fs-quota-get 'fs-quota-on 'fs-quota-off 'fs-quota-set* 'fs-quota-stat 'fs-quota-sync)
(group 'fs-quota-set* '() 'fs-quota-set-limits 'fs-quota-set-usage)
(group 'default '() 'process*)
(group 'process* '(path file-mode) 'process-exec*)
(group 'process-exec* '(path file-mode) 'process-exec-interpreter)
(group 'process* '() 'process-fork 'process-codesigning 'process-exec-update-label)
(group 'process* '(target) 'process-codesigning-status* 'process-legacy-codesigning*)
(group 'process-codesigning-status* '(target) 'process-codesigning-status-get 'process-codesigning-status-set)
(alone 'allow '(target) 'process-info* 'process-info-codesignature)
(group 'process-info* '(target) 'process-info-dirtycontrol 'process-info-ledger 'process-info-listpids
       'process-info-rusage 'process-info-pidinfo 'process-info-pidfdinfo 'process-info-pidfileportinfo
       'process-info-setcontrol)
(group 'default '(target signal) 'signal)
(group 'default '(socket network path vnode file-mode) 'network*)
(group 'network* '(socket network path vnode file-mode) 'network-inbound 'network-outbound)
(group 'network-inbound '(socket network path vnode file-mode) 'network-bind)
(alone 'allow '() 'necp-client-open)
(group 'default '() 'mach*)
(group 'mach* '(mach) 'mach-lookup 'mach-register 'mach-issue-extension)
(group 'mach* '() 'mach-bootstrap 'mach-derive-port 'mach-host* 'mach-kernel-endpoint 'mach-priv* 'mach-task*)
(group 'mach-task* '(target) 'mach-task-inspect 'mach-task-name 'mach-task-read)
(group 'mach-task* '() 'mach-task-special-port*)
(group 'mach-task-special-port* '() 'mach-task-special-port-get 'mach-task-special-port-set)
(group 'mach-host* '() 'mach-host-exception-port-set 'mach-host-special-port-set)
(group 'mach-priv* '() 'mach-priv-host-port)
(group 'mach-priv* '(path target) 'mach-priv-task-port)
(alone 'allow '(mach) 'mach-cross-domain-lookup)
(group 'default '() 'iokit*)
(group 'iokit* '() 'iokit-issue-extension)
(group 'iokit* '(iokit) 'iokit-open*)
(group 'iokit-open* '(iokit) 'iokit-open-user-client 'iokit-open-service)
(group 'iokit* '(iokit property) 'iokit-set-properties)
(alone 'allow '(iokit property) 'iokit-get-properties)
(group 'default '() 'ipc*)
(group 'ipc* '(posix) 'ipc-posix*)
(group 'ipc-posix* '(posix) 'ipc-posix-sem* 'ipc-posix-shm* 'ipc-posix-issue-extension)
(group 'ipc-posix-sem* '(posix) 'ipc-posix-sem-create 'ipc-posix-sem-open 'ipc-posix-sem-post 'ipc-posix-sem-unlink
       'ipc-posix-sem-wait)
(group 'ipc-posix-shm* '(posix) 'ipc-posix-shm-read-data 'ipc-posix-shm-write*)
(group 'ipc-posix-shm-write* '(posix) 'ipc-posix-shm-write-create 'ipc-posix-shm-write-data 'ipc-posix-shm-write-unlink)
(group 'ipc* '() 'ipc-sysv*)
(group 'ipc-sysv* '() 'ipc-sysv-msg 'ipc-sysv-sem 'ipc-sysv-shm)
(group 'default '(sysctl) 'sysctl*)
(group 'sysctl* '(sysctl) 'sysctl-read 'sysctl-write)
(group 'default '() 'system*)
(group 'system* '() 'system-acct 'system-audit 'system-fsctl 'system-info 'system-kas-info 'system-kext* 'system-mac*
       'system-memorystatus-control 'system-necp-client-action 'system-nfssvc 'system-package-check 'system-reboot
       'system-set-time 'system-suspend-resume 'system-swap)
(group 'system* '(path) 'system-automount)
(group 'system* '(target) 'system-debug 'system-sched)
(group 'system* '(socket) 'system-socket)
(group 'system-kext* '() 'system-kext-load 'system-kext-unload 'system-kext-query)
(group 'system-mac* '() 'system-mac-label)
(alone 'allow '(fcntl) 'system-fcntl)
(alone 'allow '(mac) 'system-mac-syscall)
(alone 'allow '() 'system-privilege 'dynamic-code-generation 'darwin-notification-post 'syscall*)
(group 'syscall* '() 'syscall-unix 'syscall-mach 'syscall-mig)
(alone 'allow '(socket ioctl) 'socket-ioctl)
(alone 'allow '(socket) 'socket-option*)
(group 'socket-option* '(socket) 'socket-option-get 'socket-option-set)
(group 'default '(preference) 'user-preference*)
(group 'user-preference* '(preference) 'user-preference-read 'user-preference-write)
(group 'user-preference-read '(preference) 'managed-preference-read)
(alone 'allow '(nvram) 'nvram*)
(group 'nvram* '(nvram) 'nvram-delete 'nvram-get 'nvram-set)
(group 'default '() 'device*)
(group 'device* '() 'device-camera 'device-microphone)
(group 'default '(name) 'appleevent-send 'authorization-right-obtain 'boot-arg-set 'distributed-notification-post
       'generic-issue-extension)
(group 'default '() 'hid-control 'load-unsigned-code 'lsopen 'opendirectory-user-modify 'pseudo-tty 'qtn-user)
(alone 'deny '() 'job-creation 'storage-class-map)

;; Other names of operations.
(define operation-aliases
  '((process-exec . process-exec*) (ipc-posix-shm . ipc-posix-shm*) (ipc-posix-sem . ipc-posix-sem*)
    (iokit-open . iokit-open*)))

(define (operation name) ; of a rule
  (if (eq? name 'sysctl-write) (refuse "sysctl-write has meant sysctl*, reading included"))
  (let ((real (or (assq-ref operation-aliases name) name)))
    (if (hashq-ref operations real) real (refuse "unknown operation " (symbol->string name)))))

(define (parent-of op) (first (hashq-ref operations op)))
(define (own-default op) (second (hashq-ref operations op)))
(define (about op) (third (hashq-ref operations op)))
(define (ancestors op) (if op (cons op (ancestors (parent-of op))) '()))
(define (leaves op) ; what a query of an operation stands for: what the kernel asks about
  (let ((under (append-map leaves (hashq-ref children op '()))))
    (cond ((or (null? under) (not (string-suffix? "*" (symbol->string op)))) (cons op under))
          ((eq? op 'process-exec*) (cons op under)) ; an operation of its own, whatever it is called
          (else under))))
(define (asked op) (if (string-suffix? "*" (symbol->string op)) (leaves op) (list op)))

;; --- reader: bytes to lists, symbols, integers, strings; nothing else is there --------------------------------------

(define (symbol-char? c)
  (or (char<=? #\a c #\z) (char<=? #\A c #\Z) (char<=? #\0 c #\9) (string-index "*-_+.!?%" c)))

(define (printable? c) (and (char<=? #\space c) (char<? c #\delete)))

(define (read-string-literal text at) ; after the opening quote
  (let loop ((i at) (acc '()))
    (if (>= i (string-length text)) (refuse "a string without an end"))
    (let ((c (string-ref text i)))
      (cond ((char=? c #\") (values (reverse-list->string acc) (+ i 1)))
            ((char=? c #\\)
             (let ((next (and (< (+ i 1) (string-length text)) (string-ref text (+ i 1)))))
               (if (not (and next (memv next '(#\\ #\")))) (refuse "an odd escape in a string"))
               (loop (+ i 2) (cons next acc))))
            ((not (or (printable? c) (char>? c #\delete))) (refuse "a string with a control byte: no printable ASCII"))
            (else (loop (+ i 1) (cons c acc)))))))

(define (read-regex-literal text at) ; #"...": as it is, to the next quote
  (let loop ((i at) (acc '()))
    (if (>= i (string-length text)) (refuse "a regex without an end"))
    (let ((c (string-ref text i)))
      (cond ((char=? c #\") (values (cons 'raw (reverse-list->string acc)) (+ i 1)))
            ((not (printable? c)) (refuse "a regex with a byte that is not printable ASCII"))
            (else (loop (+ i 1) (cons c acc)))))))

(define (read-atom text at)
  (let* ((end (or (string-index text (lambda (c) (not (symbol-char? c))) at) (string-length text)))
         (word (substring text at end)))
    (cond ((= end at) (refuse "an odd byte: " (number->string (char->integer (string-ref text at)))))
          ((string-every char-set:digit word) (values (string->number word) end))
          (else (values (string->symbol word) end)))))

(define (read-hexadecimal text at) ; #x80017472
  (let* ((end (or (string-index text (lambda (c) (not (symbol-char? c))) (+ at 1)) (string-length text)))
         (word (substring text (+ at 1) end)))
    (if (and (> (string-length word) 1) (char=? (string-ref word 0) #\x) (string-every char-set:hex-digit word 1))
        (values (string->number (substring word 1) 16) end)
        (refuse "an odd # "))))

(define (skip-blanks text at)
  (cond ((>= at (string-length text)) at)
        ((memv (string-ref text at) '(#\space #\tab #\newline)) (skip-blanks text (+ at 1)))
        ((char=? (string-ref text at) #\;)
         (let ((end (or (string-index text #\newline at) (string-length text))))
           (if (not (string-every printable? text at end)) (refuse "a comment with a byte that is not printable ASCII"))
           (skip-blanks text end)))
        (else at)))

(define (read-form text at) ; at: no blank
  (if (>= at (string-length text)) (refuse "a list without an end"))
  (let ((c (string-ref text at)))
    (cond ((char=? c #\() (read-list text (+ at 1)))
          ((char=? c #\") (read-string-literal text (+ at 1)))
          ((and (char=? c #\#) (string-prefix? "\"" text 0 1 (min (+ at 1) (string-length text))))
           (read-regex-literal text (+ at 2)))
          ((char=? c #\#) (read-hexadecimal text at))
          (else (read-atom text at)))))

(define (read-list text at)
  (let loop ((at (skip-blanks text at)) (acc '()))
    (if (>= at (string-length text)) (refuse "a list without an end"))
    (if (char=? (string-ref text at) #\))
        (values (reverse acc) (+ at 1))
        (call-with-values (lambda () (read-form text at))
          (lambda (form next) (loop (skip-blanks text next) (cons form acc)))))))

(define (read-all text)
  (let loop ((at (skip-blanks text 0)) (acc '()))
    (cond ((>= at (string-length text)) (reverse acc))
          ((char=? (string-ref text at) #\()
           (call-with-values (lambda () (read-list text (+ at 1)))
             (lambda (form next) (loop (skip-blanks text next) (cons form acc)))))
          (else (refuse "something outside of a list")))))

;; --- regular expressions: POSIX extended, of bytes. Whether one matches somewhere; a matcher is (text at next) -> boo

(define (regex-set pattern at) ; after "[": the predicate, and where "]" ended
  (let* ((n (string-length pattern))
         (not? (and (< at n) (char=? (string-ref pattern at) #\^)))
         (start (if not? (+ at 1) at)))
    (let loop ((i start) (ranges '()))
      (if (>= i n) (refuse "a regex with \"[\" and without \"]\""))
      (let ((c (string-ref pattern i)))
        (cond ((and (char=? c #\]) (> i start))
               (let ((in? (lambda (x) (any (lambda (r) (char<=? (car r) x (cdr r))) ranges))))
                 (values (if not? (lambda (x) (not (in? x))) in?) (+ i 1))))
              ((and (char=? c #\[) (< (+ i 1) n) (memv (string-ref pattern (+ i 1)) '(#\: #\. #\=)))
               (refuse "a regex with a character class, which is not modelled"))
              ((and (< (+ i 2) n) (char=? (string-ref pattern (+ i 1)) #\-)
                    (not (char=? (string-ref pattern (+ i 2)) #\])))
               (loop (+ i 3) (cons (cons c (string-ref pattern (+ i 2))) ranges)))
              (else (loop (+ i 1) (cons (cons c c) ranges))))))))

(define (one-char in?)
  (lambda (text at next) (and (< at (string-length text)) (in? (string-ref text at)) (next (+ at 1)))))

(define (repeat m least most)
  (lambda (text at next)
    (let try ((count 0) (at at))
      (or (and (or (not most) (< count most))
               (m text at (lambda (to) (and (or (> to at) (< count least)) (try (+ count 1) to)))))
          (and (>= count least) (next at))))))

(define (regex-atom p i)
  (let ((c (string-ref p i)))
    (case c
      ((#\() (call-with-values (lambda () (regex-alternatives p (+ i 1)))
               (lambda (m j)
                 (if (and (< j (string-length p)) (char=? (string-ref p j) #\))) (values m (+ j 1))
                     (refuse "a regex with \"(\" and without \")\"")))))
      ((#\[) (call-with-values (lambda () (regex-set p (+ i 1))) (lambda (in? j) (values (one-char in?) j))))
      ((#\.) (values (one-char (lambda (x) #t)) (+ i 1)))
      ((#\^) (values (lambda (text at next) (and (= at 0) (next at))) (+ i 1)))
      ((#\$) (values (lambda (text at next) (and (= at (string-length text)) (next at))) (+ i 1)))
      ((#\\) (if (and (< (+ i 1) (string-length p)) (string-index "\\.[]()*+?{}|^$/-" (string-ref p (+ i 1))))
                 (let ((x (string-ref p (+ i 1)))) (values (one-char (lambda (y) (char=? x y))) (+ i 2)))
                 (refuse "a regex with an odd escape")))
      ((#\* #\+ #\? #\{) (refuse "a regex that repeats nothing"))
      (else (values (one-char (lambda (y) (char=? c y))) (+ i 1))))))

(define (regex-braces p i) ; after "{": least, most, and where "}" ended
  (let* ((end (or (string-index p #\} i) (refuse "a regex with \"{\" and without \"}\"")))
         (parts (map string->number (string-split (substring p i end) #\,))))
    (match parts
      (((? integer? n)) (values n n (+ end 1)))
      (((? integer? n) (? integer? m)) (values n m (+ end 1)))
      (((? integer? n) #f) (values n #f (+ end 1)))
      (_ (refuse "a regex with odd braces")))))

(define (regex-piece p i)
  (call-with-values (lambda () (regex-atom p i))
    (lambda (m j)
      (let loop ((m m) (j j))
        (if (>= j (string-length p)) (values m j)
            (case (string-ref p j)
              ((#\*) (loop (repeat m 0 #f) (+ j 1)))
              ((#\+) (loop (repeat m 1 #f) (+ j 1)))
              ((#\?) (loop (repeat m 0 1) (+ j 1)))
              ((#\{) (call-with-values (lambda () (regex-braces p (+ j 1))) (lambda (a b k) (loop (repeat m a b) k))))
              (else (values m j))))))))

(define (regex-branch p i)
  (let loop ((i i) (m (lambda (text at next) (next at))))
    (if (or (>= i (string-length p)) (memv (string-ref p i) '(#\| #\)))) (values m i)
        (call-with-values (lambda () (regex-piece p i))
          (lambda (piece j)
            (loop j (lambda (text at next) (m text at (lambda (to) (piece text to next))))))))))

(define (regex-alternatives p i)
  (call-with-values (lambda () (regex-branch p i))
    (lambda (m j)
      (if (and (< j (string-length p)) (char=? (string-ref p j) #\|))
          (call-with-values (lambda () (regex-alternatives p (+ j 1)))
            (lambda (other k) (values (lambda (text at next) (or (m text at next) (other text at next))) k)))
          (values m j)))))

(define (regex-matcher pattern)
  (call-with-values (lambda () (regex-alternatives pattern 0))
    (lambda (m end)
      (if (< end (string-length pattern)) (refuse "a regex with \")\" and without \"(\""))
      (lambda (text)
        (let loop ((at 0)) (and (<= at (string-length text)) (or (m text at (lambda (to) #t)) (loop (+ at 1)))))))))

;; --- filters: (about matcher), where a matcher is query -> bool -----------------------------------------------------

;; A query: the operation and an alist of what is known of it. A filter about something unknown cannot be answered.
(define (known query key)
  (let ((pair (assq key (cdr query))))
    (cond (pair (cdr pair))
          ((eq? key 'extension) #f) ; a process has none unless the query gives it one
          (else (throw 'unanswerable (string-append "the query does not say its " (symbol->string key)))))))

(define (check-path what path)
  (define (bad why) (refuse what " " path ": " why))
  (cond ((not (string-prefix? "/" path)) (bad "not absolute"))
        ((> (string-length path) 1023) (bad "longer than any path"))
        ((and (> (string-length path) 1) (string-suffix? "/" path)) (bad "ends in a slash: no file has that path"))
        ((or (string-contains path "//") (string-contains path "/./") (string-contains path "/../")
             (string-suffix? "/." path) (string-suffix? "/.." path))
         (bad "no file has that path"))))

(define (under? dir path)
  (let ((n (string-length dir)))
    (or (= n 1) (and (string-prefix? dir path) (or (= n (string-length path)) (char=? (string-ref path n) #\/))))))

;; What a filter with strings looks at: one of them has to match.
(define (strings about key test check)
  (lambda (name args)
    (if (null? args) (refuse name " without an argument"))
    (for-each (lambda (a) (if (not (string? a)) (refuse name " wants strings")) (check name a)) args)
    (list about (lambda (query)
                  (let ((subject (known query key)))
                    (and (string? subject) (any (lambda (a) (test a subject)) args)))))))

(define (regexes about key)
  (lambda (name args)
    (if (null? args) (refuse name " without an argument"))
    (let ((all (map (lambda (a)
                      (cond ((and (pair? a) (eq? (car a) 'raw)) (regex-matcher (cdr a)))
                            ((string? a) (regex-matcher a))
                            (else (refuse name " wants strings"))))
                    args)))
      (list about (lambda (query)
                    (let ((subject (known query key))) (and (string? subject) (any (lambda (m) (m subject)) all))))))))

(define (symbols about key . allowed)
  (lambda (name args)
    (if (null? args) (refuse name " without an argument"))
    (for-each (lambda (a) (if (not (memq a allowed)) (refuse name " of something unknown"))) args)
    (list about (lambda (query) (and (memq (known query key) args) #t)))))

(define (numbers about key)
  (lambda (name args)
    (if (or (null? args) (not (every integer? args))) (refuse name " wants numbers"))
    (list about (lambda (query) (and (memv (known query key) args) #t)))))

(define (no-check name arg) (if (string-null? arg) (refuse name " of nothing")))
(define (check-prefix name arg)
  (if (not (string-prefix? "/" arg)) (refuse name " of a path that is not absolute")))
(define literal-path (strings 'path 'path string=? check-path))
(define (named about key) (strings about key string=? no-check))
(define (prefixed about key) (strings about key string-prefix? no-check))

(define filters
  `((literal . ,literal-path) (path . ,literal-path) (path-literal . ,literal-path)
    (subpath . ,(strings 'path 'path under? check-path))
    (prefix . ,(strings 'path 'path string-prefix? check-prefix))
    (path-prefix . ,(strings 'path 'path string-prefix? check-prefix))
    (regex . ,(regexes 'path 'path)) (path-regex . ,(regexes 'path 'path))
    (vnode-type . ,(symbols 'vnode 'vnode 'REGULAR-FILE 'DIRECTORY 'BLOCK-DEVICE 'CHARACTER-DEVICE 'SYMLINK
                           'SOCKET 'FIFO 'TTY))
    (target . ,(symbols 'target 'target 'self 'pgrp 'others 'children 'same-sandbox 'initproc))
    (socket-domain . ,(symbols 'socket 'domain 'AF_UNSPEC 'AF_UNIX 'AF_INET 'AF_INET6 'AF_ROUTE 'AF_SYSTEM 'AF_NDRV))
    (socket-type . ,(symbols 'socket 'type 'SOCK_STREAM 'SOCK_DGRAM 'SOCK_RAW 'SOCK_SEQPACKET))
    (socket-protocol . ,(numbers 'socket 'protocol))
    (signal-number . ,(numbers 'signal 'signal))
    (ioctl-command . ,(numbers 'ioctl 'ioctl))
    (global-name . ,(named 'mach 'name))
    (global-name-prefix . ,(prefixed 'mach 'name)) (global-name-regex . ,(regexes 'mach 'name))
    (local-name . ,(named 'mach 'local-name)) (xpc-service-name . ,(named 'mach 'xpc-name))
    (sysctl-name . ,(named 'sysctl 'name))
    (sysctl-name-prefix . ,(prefixed 'sysctl 'name)) (sysctl-name-regex . ,(regexes 'sysctl 'name))
    (ipc-posix-name . ,(named 'posix 'name))
    (ipc-posix-name-prefix . ,(prefixed 'posix 'name)) (ipc-posix-name-regex . ,(regexes 'posix 'name))
    (iokit-registry-entry-class . ,(named 'iokit 'name)) (iokit-user-client-class . ,(named 'iokit 'name))
    (iokit-registry-entry-class-prefix . ,(prefixed 'iokit 'name)) (iokit-connection . ,(named 'iokit 'connection))
    (iokit-property . ,(named 'property 'property))
    (preference-domain . ,(named 'preference 'name)) (preference-domain-prefix . ,(prefixed 'preference 'name))
    (nvram-variable . ,(named 'nvram 'name))
    (extension . ,(named 'common 'extension))
    (mac-policy-name . ,(named 'mac 'name)) (mac-syscall-number . ,(numbers 'mac 'number))
    (fcntl-command . ,(symbols 'fcntl 'fcntl 'F_ADDFILESIGS_RETURN 'F_CHECK_LV 'F_GETPATH))
    (appleevent-destination . ,(named 'name 'name)) (right-name . ,(named 'name 'name))
    (notification-name . ,(named 'name 'name))))

;; (remote tcp "localhost:80"), (local ip), (remote unix-socket (subpath "/x"))
(define protocols
  '((ip tcp4 tcp6 udp4 udp6) (ip4 tcp4 udp4) (ip6 tcp6 udp6) (tcp tcp4 tcp6) (udp udp4 udp6) (tcp4 tcp4) (tcp6 tcp6)
    (udp4 udp4) (udp6 udp6)))

(define (endpoint-filter side args)
  (match args
    (('unix-socket . paths)
     (let ((inner (map compile-filter paths)))
       (if (not (every (lambda (f) (equal? (car f) '(path))) inner)) (refuse "a socket's filter is a path"))
       (list '(network)
             (lambda (query)
               (let ((end (known query side)))
                 (and (eq? (car end) 'unix)
                      (let ((q (cons (car query) (acons 'path (cdr end) (cdr query)))))
                        (or (null? inner) (any (lambda (f) ((cadr f) q)) inner)))))))))
    (((? symbol? protocol) . rest)
     (let ((members (or (assq-ref protocols protocol) (refuse "a protocol that is unknown: " protocol)))
           (address (match rest (() "*:*") (((? string? a)) a) (_ (refuse "one address at a time")))))
       (match (string-split address #\:)
         (((and host (or "*" "localhost")) port)
          (if (not (or (string=? port "*") (and (string->number port 10) (<= 1 (string->number port 10) 65535))))
              (refuse "a port that is none"))
          (list '(network)
                (lambda (query)
                  (match (known query side)
                    ((p host* port*)
                     (and (memq p members) (or (string=? port "*") (string=? port port*))
                          (or (string=? host "*") (member host* '("127.0.0.1" "[::1]" "localhost"))) #t))
                    (_ #f)))))
         (_ (refuse "an address that is not HOST:PORT with * or localhost: " address)))))
    (_ (refuse "an endpoint of nothing"))))

(define (compile-filter form)
  (match form
    (((or 'require-any 'require-all) inner ..1)
     (let* ((all (map compile-filter inner)) (test (if (eq? (car form) 'require-any) any every)))
       (list (delete-duplicates (append-map car all))
             (lambda (query) (and (test (lambda (f) ((cadr f) query)) all) #t)))))
    (('require-not inner)
     (let ((f (compile-filter inner))) (list (car f) (lambda (query) (not ((cadr f) query))))))
    (((or 'remote 'to) . args) (endpoint-filter 'remote args))
    (((or 'local 'from) . args) (endpoint-filter 'local args))
    (((? symbol? name) . args)
     (let ((make (or (assq-ref filters name) (refuse "unknown filter " (symbol->string name)))))
       (match (make (symbol->string name) args) ((about test) (list (list about) test)))))
    (_ (refuse "a filter that is none: " form))))

;; --- profiles -------------------------------------------------------------------------------------------------------

(define (check-modifier action form)
  (match form
    ((or '(with no-log) '(with no-report))
     (if (not (eq? action 'deny)) (refuse "only what is denied can go without a log")))
    ('(with report) (if (not (eq? action 'allow)) (refuse "what is denied is reported anyway")))
    (('with (or 'telemetry)) #t)
    (('with 'message (? string?)) #t)
    (_ (refuse "a modifier that is unknown, or does more than log: " form))))

(define (modifier? form) (and (pair? form) (eq? (car form) 'with)))

;; A rule: #(action operations matchers forms). Without matchers it always holds; several are alternatives.
(define (compile-rule form)
  (let* ((action (car form))
         (ops (map operation (take-while symbol? (cdr form))))
         (rest (drop-while symbol? (cdr form)))
         (forms (remove modifier? rest)))
    (if (null? ops) (refuse "a rule without an operation"))
    (for-each (lambda (m) (check-modifier action m)) (filter modifier? rest))
    (if (not (every pair? forms)) (refuse "an argument of a rule that is no filter"))
    (let ((compiled (map compile-filter forms)))
      (for-each
       (lambda (op)
         (for-each (lambda (f)
                     (for-each (lambda (kind)
                                 (if (not (memq kind (cons 'common (about op))))
                                     (refuse "a filter about " (symbol->string kind) " for " (symbol->string op))))
                               (car f)))
                   compiled))
       ops)
      (vector action ops (map cadr compiled) forms))))

(define (compile-profile text)
  (let loop ((forms (read-all text)) (version #f) (default #f) (rules '()))
    (if (null? forms)
        (if default rules (refuse (if version "(deny default) is missing" "(version 1) is missing")))
        (match (car forms)
          (('version 1) (if version (refuse "(version 1) twice")) (loop (cdr forms) #t default rules))
          (('version . _) (refuse "a version that is not 1"))
          (_ (if (not version) (refuse "a rule before (version 1)"))
             (match (car forms)
               (('deny 'default) (if default (refuse "(deny default) twice")) (loop (cdr forms) version #t rules))
               (((or 'allow 'deny) . args)
                (if (not default) (refuse "a rule before (deny default)"))
                (if (memq 'default args) (refuse "a default beside (deny default)"))
                (loop (cdr forms) version default (cons (compile-rule (car forms)) rules)))
               (form (refuse "something that is no rule: " (object->string form)))))))))

;; --- answers --------------------------------------------------------------------------------------------------------

(define profile '())                   ; rules, the newest first
(define by-operation (make-hash-table)) ; the rules that name an operation, the newest first
(define by-chain (make-hash-table))     ; ... that name it or an ancestor

(define (load-profile! text)
  (set! profile '())
  (hash-clear! by-operation)
  (hash-clear! by-chain)
  (set! profile (compile-profile text)))

(define (naming ops table key)
  (or (hashq-ref table key)
      (let ((found (filter (lambda (r) (any (lambda (op) (memq op ops)) (vector-ref r 1))) profile)))
        (hashq-set! table key found)
        found)))

(define (plain? rule) (null? (vector-ref rule 2)))
(define (holds? rule query) (or (plain? rule) (any (lambda (test) (test query)) (vector-ref rule 2))))
(define (action-of rule) (and rule (vector-ref rule 0)))

(define (by-order op query)
  (action-of (find (lambda (rule) (holds? rule query)) (naming (ancestors op) by-chain op))))

(define (by-name op query)
  (any (lambda (o)
         (let ((own (naming (list o) by-operation o)))
           (action-of (or (find (lambda (rule) (and (not (plain? rule)) (holds? rule query))) own) (find plain? own)))))
       (ancestors op)))

(define (answer-one op query)
  (let* ((otherwise (own-default (last (ancestors op))))
         (ordered (or (by-order op query) otherwise))
         (named (or (by-name op query) otherwise)))
    (if (eq? ordered named) ordered 'differs)))

(define (answer query)
  (match (delete-duplicates (map (lambda (op) (answer-one op query)) (asked (car query))))
    ((one) one)
    (several (if (memq 'differs several) 'differs 'mixed))))

(define (unescape text)
  (if (not (string-index text #\%)) text
      (let loop ((i 0) (acc '()))
        (cond ((>= i (string-length text)) (reverse-list->string acc))
              ((char=? (string-ref text i) #\%)
               (let ((byte (and (<= (+ i 3) (string-length text))
                                (string->number (substring text (+ i 1) (+ i 3)) 16))))
                 (if (not byte) (throw 'unanswerable "an odd escape"))
                 (loop (+ i 3) (cons (integer->char byte) acc))))
              (else (loop (+ i 1) (cons (string-ref text i) acc)))))))

(define (escape text)
  (string-concatenate
   (map (lambda (c) (if (and (char<? #\space c #\delete) (not (char=? c #\%))) (string c)
                        (string-append "%" (string-pad (number->string (char->integer c) 16) 2 #\0))))
        (string->list text))))

(define (parse-endpoint text)
  (let* ((colon (or (string-index text #\:) (throw 'unanswerable "an endpoint is KIND:...")))
         (kind (string->symbol (substring text 0 colon)))
         (rest (substring text (+ colon 1))))
    (case kind
      ((unix) (cons 'unix rest))
      ((tcp4 tcp6 udp4 udp6)
       (let ((at (or (string-rindex rest #\:) (throw 'unanswerable "an endpoint is HOST:PORT"))))
         (list kind (substring rest 0 at) (substring rest (+ at 1)))))
      (else (throw 'unanswerable "a kind of endpoint that is unknown")))))

(define (facts-of op subject)
  (let ((kinds (about op)))
    (cond ((memq 'network kinds)
           (let ((end (parse-endpoint subject)))
             `((,(if (memq op '(network-outbound network*)) 'remote 'local) . ,end)
               (path . ,(and (eq? (car end) 'unix) (cdr end)))
               (domain . ,(if (eq? (car end) 'unix) 'AF_UNIX 'AF_INET)))))
          ((memq 'path kinds) `((path . ,subject)))
          ((memq 'target kinds) `((target . ,(string->symbol subject))))
          ((memq 'socket kinds) `((domain . ,(string->symbol subject))))
          (else `((name . ,subject))))))

(define (parse-query line)
  (match (map unescape (string-split line #\tab))
    ((name . rest)
     (let* ((real (or (assq-ref operation-aliases (string->symbol name)) (string->symbol name)))
            (op (if (hashq-ref operations real) real (throw 'unanswerable (string-append "unknown operation " name))))
            (subject (if (pair? rest) (facts-of op (car rest)) '()))
            (more (map (lambda (pair)
                         (let ((at (or (string-index pair #\=) (throw 'unanswerable "KEY=VALUE"))))
                           (let ((key (string->symbol (substring pair 0 at))) (value (substring pair (+ at 1))))
                             (cons key (case key
                                         ((vnode target domain type) (string->symbol value))
                                         ((remote local) (parse-endpoint value))
                                         ((signal ioctl protocol) (string->number value))
                                         (else value))))))
                       (if (pair? rest) (cdr rest) '()))))
       (cons op (append more subject))))))

(define (print-answer line)
  (catch 'unanswerable
    (lambda () (display (answer (parse-query line))))
    (lambda (key why) (display "error ") (display why)))
  (newline))

;; One line for each operation and each filter of each rule, in the profile's order: ACTION OPERATION FILTER ARGUMENT,
;; with tabs between. A filter without an argument has "-", a rule without a filter "-" twice; a filter in others has
;; their names before its own: require-not/subpath.
(define (print-grants)
  (define (argument a)
    (cond ((string? a) (escape a))
          ((and (pair? a) (eq? (car a) 'raw)) (escape (cdr a)))
          (else (object->string a))))
  (define (each action op names form)
    (let ((path (append names (list (symbol->string (car form))))))
      (define (line argument) (format #t "~a\t~a\t~a\t~a\n" action op (string-join path "/") argument))
      (cond ((null? (cdr form)) (line "-"))
            ((memq (car form) '(require-any require-all require-not))
             (for-each (lambda (f) (each action op path f)) (cdr form)))
            ((memq (car form) '(remote local to from))
             (let ((path (append path (list (object->string (cadr form))))))
               (if (null? (cddr form)) (format #t "~a\t~a\t~a\t-\n" action op (string-join path "/")))
               (for-each (lambda (a) (if (and (pair? a) (not (eq? (car a) 'raw))) (each action op path a)
                                         (format #t "~a\t~a\t~a\t~a\n" action op (string-join path "/") (argument a))))
                         (cddr form))))
            (else (for-each (lambda (a) (line (argument a))) (cdr form))))))
  (for-each
   (lambda (rule)
     (for-each (lambda (op)
                 (if (null? (vector-ref rule 3)) (format #t "~a\t~a\t-\t-\n" (vector-ref rule 0) op))
                 (for-each (lambda (form) (each (vector-ref rule 0) op '() form)) (vector-ref rule 3)))
               (vector-ref rule 1)))
   (reverse profile)))

;; --- the program ----------------------------------------------------------------------------------------------------

(define (binary-input path)
  (let ((port (if path (open-input-file path) (current-input-port)))) (set-port-encoding! port "ISO-8859-1") port))

(define (answer-all port)
  (let loop ((line (get-line port))) (unless (eof-object? line) (print-answer line) (loop (get-line port)))))

(define (batch port)
  (let loop ((line (get-line port)))
    (unless (eof-object? line)
      (cond ((string-prefix? "profile " line)
             (let* ((size (string->number (substring line 8))) (text (get-string-n port size)))
               (catch 'refused
                 (lambda () (load-profile! (if (eof-object? text) "" text)) (display "ok"))
                 (lambda (key why) (display "refused ") (display (escape why))))
               (newline)))
            ((string=? line "grants") (print-grants) (display ".\n"))
            (else (print-answer line)))
      (loop (get-line port)))))

(define (load-file! path)
  (define (give-up why) (format (current-error-port) "refused ~a\n" why) (exit 2))
  (catch #t
    (lambda () (load-profile! (get-string-all (binary-input path))))
    (lambda (key . rest) (give-up (if (eq? key 'refused) (escape (car rest)) "it cannot be read")))))

(define (main args)
  (set-port-encoding! (current-output-port) "ISO-8859-1")
  (match args
    (("--batch") (batch (binary-input #f)))
    (("--batch" file) (batch (binary-input file)))
    (("--grants" path) (load-file! path) (print-grants))
    (((? (lambda (a) (not (string-prefix? "-" a))) path)) (load-file! path) (answer-all (binary-input #f)))
    (((? (lambda (a) (not (string-prefix? "-" a))) path) queries) (load-file! path) (answer-all (binary-input queries)))
    (_ (display "usage: eval.scm PROFILE [QUERIES] | --grants PROFILE | --batch [FILE]\n" (current-error-port))
       (exit 2))))

(main (cdr (command-line)))
