// Membership and reminders: small, rebuilt by the silos when it is lost, and read and written all the time. TLS only.
param name string
param location string
param private bool

resource cache 'Microsoft.Cache/redis@2024-03-01' = {
  name: name
  location: location
  zones: ['1', '2', '3']
  properties: {
    sku: {
      // Premium: zones and persistence. A gigabyte is plenty.
      name: 'Premium'
      family: 'P'
      capacity: 1
    }
    enableNonSslPort: false
    minimumTlsVersion: '1.2'
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    redisVersion: '6'
    redisConfiguration: {
      // A row that was evicted is a silo that was put out of its cluster.
      'maxmemory-policy': 'noeviction'
    }
  }
}

output id string = cache.id
output address string = '${cache.properties.hostName}:${cache.properties.sslPort}'
