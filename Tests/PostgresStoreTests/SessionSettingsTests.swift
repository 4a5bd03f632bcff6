import PostgresStore
import RunStore
import RunStoreClaims
import TestSupport
import Testing

/// What the store relies on holds whatever the defaults of a database or a role are.
@Suite struct SessionSettingsTests {
    /// How a setting has to be while a batch is committed.
    @Test(arguments: [
        ("synchronous_commit", "off", "on"), ("synchronous_commit", "local", "on"),
        ("synchronous_commit", "remote_write", "on"), ("synchronous_commit", "remote_apply", "remote_apply"),
        ("default_transaction_isolation", "serializable", "read committed"),
        ("idle_in_transaction_session_timeout", "0", "1min"), ("idle_in_transaction_session_timeout", "5s", "5s"),
    ])
    func aBatchHasTheSettingsThatItNeeds(name: String, value: String, expected: String) throws {
        let harness = try PostgresHarness()
        try harness.set(name, to: "'\(value)'")
        try harness.sql(
            """
            CREATE TABLE seen (value text);
            CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN INSERT INTO rundir.seen VALUES (current_setting('\(name)')); RETURN NULL; END $$;
            CREATE TRIGGER sight AFTER INSERT ON batches FOR EACH ROW EXECUTE FUNCTION see()
            """)
        try harness.store.initialise(.one)
        #expect(try harness.sql("SELECT value FROM seen") == expected + "\n")
    }
}
