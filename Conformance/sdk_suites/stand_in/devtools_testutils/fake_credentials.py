"""Values that stand in recordings for real ones, and credentials that no service takes."""

from azure.core.credentials import AccessToken

# Well-formed: the SDKs decode it.
STORAGE_ACCOUNT_FAKE_KEY = "NzhL3hKZbJBuJ2484dPTR+xF30kYaWSSCbs2BzLgVVI1woqeST/1IgqaLm6QAOTxtGvxctSNbIR/1hW8yH+bJg=="


class FakeTokenCredential:
    """Its token is always past its time."""

    def __init__(self):
        self.token = AccessToken("YOU SHALL NOT PASS", 0)
        self.get_token_count = 0

    def get_token(self, *scopes, **options):
        self.get_token_count += 1
        return self.token
