namespace MeshGrains.Keys.Tests;

internal static class Refusal
{
    public static async Task<KeyManagerException> Of(KeyManagerError kind, Func<ValueTask> act)
    {
        var error = await Assert.ThrowsAsync<KeyManagerException>(async () => await act());
        Assert.True(kind == error.Kind, $"{kind} was expected, not {error.Kind}: {error}");
        return error;
    }

    public static Task<KeyManagerException> Of<T>(KeyManagerError kind, Func<ValueTask<T>> act) => Of(kind, async () => { _ = await act(); });
}
