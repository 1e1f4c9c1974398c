# For test files with many scenarios; loaded after helper.

# Seconds. The first test of a FILE runs all of its scenarios.
BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:+1800}

# As in helper.bash, but the first call, with each ENGINE, runs the whole FILE, in one browser.
scenario() {
    local tap=$BATS_FILE_TMPDIR/$1${ENGINE:+.$ENGINE}.tap
    [[ -e $tap ]] || node --test-reporter=tap "$TESTS/browser/$1.test.mjs" >"$tap" 2>&1 3>&- 4>&- || true
    awk -v title="$2" '
        { result = $0; sub(/ok [0-9]+ - .*/, "ok", result); sub(/^(not )?ok [0-9]+ - /, "") }
        $0 == title && result ~ /ok$/ { shown = 1; passed = result == "ok" }
        /^# Subtest: / { shown = 0 }
        shown { text = text $0 "\n" }
        END { if (!passed) { printf "%s", text ? text : "no such scenario: " title "\n"; exit 1 } }
    ' "$tap" || {
        grep '^# [^S]' "$tap" | tail -n 40 # node's own messages
        return 1
    }
}
